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
// Not known yet, or cut off for good: the page itself is asked again.
source.addEventListener("error", () => {
  if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000);
});
