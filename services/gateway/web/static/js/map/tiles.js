/* Where the present tiles are. Their addresses change with the data; those of before are gone, which MapLibre takes
   for empty tiles: so a tab that was open meanwhile asks again when the page's parts are of other data. */
import { filters } from './state.js';

export class HexTiles {
  constructor(app) {
    this.app = app;
    this.version = null;
    this.asked = 0;
    this.addresses = null;
  }

  /* The tiles of the present filters; `true` if they are of newer data than those before. */
  async load() {
    const asked = ++this.asked;
    const { element, map, state } = this.app;
    const answer = await fetch(`${element.dataset.tilejson}${filters(state)}`);
    const found = await answer.json();
    if (asked !== this.asked) return false;
    if (!answer.ok) {
      this.app.say(found.detail);
      return false;
    }
    const isNewer = this.version !== null && this.version !== found.version_token;
    this.version = found.version_token;
    // The gateway may have another name for itself than the page; only its own is allowed here.
    this.addresses = found.tiles.map((one) => one.replace(/^https?:\/\/[^/]+/, location.origin));
    map.getSource('hexes')?.setTiles(this.addresses);
    return isNewer;
  }

  /* Take newer tiles, if there are any, and say so. */
  async check() {
    if (!(await this.load())) return;
    this.app.shown = null;
    this.app.refresh();
    this.app.say(this.app.words.updated);
  }
}
