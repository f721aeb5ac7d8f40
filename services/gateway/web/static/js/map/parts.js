/* What stands beside and below the map comes from the server, which makes it for the page without scripts too. */
const PARTS = ['map-side', 'map-below'];

/* Put the parts of an address in the place of those that are shown, unless another one is wanted by then. */
export async function showParts(address, isWanted) {
  const answer = await fetch(address, { headers: { Accept: 'text/html' } });
  const text = await answer.text();
  if (!isWanted()) return false;
  const found = new DOMParser().parseFromString(text, 'text/html');
  if (!answer.ok) {
    const detail = found.querySelector('.lead')?.textContent;
    throw Object.assign(new Error(`${answer.status}`), { detail });
  }
  for (const id of PARTS) {
    const old = document.getElementById(id);
    const made = document.adoptNode(found.getElementById(id));
    const open = [...old.querySelectorAll('details')].map((one) => one.open);
    [...made.querySelectorAll('details')].forEach((one, n) => { one.open = open[n] ?? false; });
    old.replaceWith(made);
  }
  return true;
}
