// Follows an order and shows the page anew when it is answered.
const box = document.querySelector("[data-events]");
const source = new EventSource(box.dataset.events);
box.textContent = box.dataset.following;
source.addEventListener("rendering", () => {
  document.querySelector('[data-step="queued"]').removeAttribute("aria-current");
  document.querySelector('[data-step="queued"]').className = "done";
  document.querySelector('[data-step="rendering"]').setAttribute("aria-current", "step");
  box.textContent = `${box.dataset.rendering}. ${box.dataset.following}`;
});
for (const state of ["rendered", "failed"]) {
  source.addEventListener(state, () => {
    source.close();
    location.reload();
  });
}
// Not known yet, or cut off for good: the page itself is asked again, for some minutes and then no more.
const MOST_TRIES = 60;
source.addEventListener("error", () => {
  const tries = Number(sessionStorage.getItem(location.pathname)) + 1;
  if (source.readyState !== EventSource.CLOSED || tries > MOST_TRIES) return;
  sessionStorage.setItem(location.pathname, tries);
  setTimeout(() => location.reload(), 5000);
});
