/* What a map shows, and the address that says it. The server reads the same (services/gateway/site/maps/state.py). */
const NAMES = ['month', 'category', 'outcome_group', 'at', 'cell'];

export function fromLocation() {
  const given = new URLSearchParams(location.search);
  return Object.fromEntries(NAMES.map((name) => [name, given.get(name) || null]));
}

export function address(path, state) {
  const given = Object.entries(state).filter(([, value]) => value);
  const query = given.map(([name, value]) => `${name}=${encodeURIComponent(value).replaceAll('%2C', ',')}`);
  return query.length ? `${path}?${query.join('&')}` : path;
}

/* The filters as the tiles take them. */
export function filters({ month, category, outcome_group }) {
  return address('', { month, category, outcome_group });
}

/* First and last of the months that a state shows, as places in the list of those that are held. */
export function span({ month }, months) {
  if (!month) return [months.length - 1, months.length - 1];
  const named = month.split(/\.\.|,/);
  const first = months.findIndex((one) => one >= named[0]);
  const last = months.findLastIndex((one) => one <= named.at(-1));
  return [Math.max(first, 0), Math.max(last, 0)];
}

export function monthText(first, last) {
  return first === last ? first : `${first}..${last}`;
}

/* "51.5155,-0.0922,11" */
export function readPlace(text) {
  const [lat, lon, zoom] = (text ?? '').split(',').map(Number);
  return Number.isFinite(zoom) ? { center: [lon, lat], zoom } : null;
}

export function placeText({ lat, lng }, zoom) {
  return `${lat.toFixed(4)},${lng.toFixed(4)},${(Math.floor(zoom * 100) / 100).toString()}`;
}
