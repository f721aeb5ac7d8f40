/* The filters without a new page, a postcode, and one's own place where one asks for it. */
import { monthText, span } from './state.js';

const NEAR = 13;

export function connectForm(app) {
  const form = document.getElementById('map-form');
  form.addEventListener('change', (event) => {
    if (event.target.name !== 'postcode') app.change(filtersOf(form), { push: true });
  });
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (form.elements.postcode.value.trim()) await goToPostcode(app, form);
  });
  document.querySelector('[data-locate]').addEventListener('click', () => goToOwnPlace(app));
}

function filtersOf(form) {
  const months = [form.elements.from.value, form.elements.to.value].sort();
  const chosen = (name) => [...form.querySelectorAll(`[name=${name}]:checked`)].map((one) => one.value).join(',') || null;
  return { month: monthText(...months), category: chosen('category'), outcome_group: chosen('outcome_group') };
}

/* The fields as the state has them. */
export function showFilters(app) {
  const form = document.getElementById('map-form');
  const [first, last] = span(app.state, app.months);
  form.elements.from.value = app.months[first];
  form.elements.to.value = app.months[last];
  for (const name of ['category', 'outcome_group']) {
    const chosen = (app.state[name] ?? '').split(',').filter(Boolean);
    const boxes = [...form.querySelectorAll(`[name=${name}]`)];
    for (const box of boxes) box.checked = chosen.includes(box.value);
    const [only] = boxes.filter((box) => box.checked);
    const summary = boxes[0]?.closest('details').querySelector('summary');
    if (!summary) continue;
    summary.textContent = !chosen.length ? app.words.all
      : chosen.length === 1 && only ? only.parentElement.textContent.trim()
        : app.words.many.replace('{n}', chosen.length);
  }
}

async function goToPostcode(app, form) {
  const field = form.elements.postcode;
  const fault = document.getElementById('e-postcode');
  const answer = await fetch(`/api/v1/postcodes/${encodeURIComponent(field.value.trim())}`).catch(() => null);
  const found = await answer?.json().catch(() => null);
  if (!found) {
    app.say(app.words.failed);
    return;
  }
  fault.hidden = answer.ok;
  fault.textContent = answer.ok ? '' : (found.detail ?? app.words.failed).replace(/^postcode: /, '');
  field.toggleAttribute('aria-invalid', !answer.ok);
  field.setAttribute('aria-describedby', answer.ok ? 'h-postcode' : 'h-postcode e-postcode');
  if (!answer.ok) return;
  field.value = '';
  await goTo(app, found.latitude, found.longitude);
  app.say(app.words.moved.replace('{place}', found.postcode));
}

function goToOwnPlace(app) {
  const failed = () => app.say(app.words.nowhere);
  if (!navigator.geolocation) return failed();
  return navigator.geolocation.getCurrentPosition(
    ({ coords }) => goTo(app, coords.latitude, coords.longitude), failed, { timeout: 10000 },
  );
}

async function goTo(app, latitude, longitude) {
  await app.change({ at: `${latitude.toFixed(4)},${longitude.toFixed(4)},${NEAR}` }, { push: true });
}
