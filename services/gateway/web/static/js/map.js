/* The maps of the website: the server's drawing, until somebody points at it, touches it or comes to it by keyboard.
   Then the browser's own map takes its place, which weighs six times as much as the page. */
const element = document.getElementById('map');
const form = document.getElementById('map-form');
const time = document.getElementById('map-time');
const slider = document.getElementById('map-month');
let started = null;
let isLive = false;

function start() {
  started ??= begin();
  return started;
}

/* Whether the map can be used now. */
async function begin() {
  element.setAttribute('aria-busy', 'true');
  try {
    const { startMap } = await import('./map/app.js');
    isLive = Boolean(await startMap(element));
  } catch (error) {
    console.warn(error?.message); // no WebGL, or no style: the drawing and its links stay
  }
  element.removeAttribute('aria-busy');
  time.hidden = !isLive;
  return isLive;
}

/* What was asked for before there was a map is done when there is one. */
async function afterStart(event) {
  const wanted = event.target.closest('button, a[data-cell]');
  const isElsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.button;
  if (isLive || isElsewhere || !wanted) return;
  event.preventDefault();
  event.stopPropagation();
  if (await start()) wanted.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }));
  else if (wanted.matches('a')) location.assign(wanted.getAttribute('href'));
}

async function moveAfterStart() {
  const { value } = slider;
  if (isLive || !(await start())) return;
  slider.value = value;
  slider.dispatchEvent(new Event('input'));
}

async function filterAfterStart(event) {
  if (!isLive && event.target.name !== 'postcode' && (await start())) form.dispatchEvent(new Event('change'));
}

for (const region of [element, time, form]) {
  for (const kind of ['pointerover', 'pointerdown', 'focusin']) {
    region.addEventListener(kind, start, { once: true, passive: true });
  }
}
element.addEventListener('click', afterStart);
time.addEventListener('click', afterStart, { capture: true });
slider.addEventListener('input', moveAfterStart);
form.addEventListener('change', filterAfterStart);
time.hidden = false;
