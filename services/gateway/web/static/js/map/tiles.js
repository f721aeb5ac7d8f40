/* Where the present tiles are. Their addresses change with the data; those of before are gone, which MapLibre takes
   for empty tiles: so a tab that was open meanwhile asks again when the page's parts are of other data. */
import { showHexes } from './layers.js';
import { filters } from './state.js';

export class HexTiles {
  constructor(app) {
    this.app = app;
    this.version = null;
    this.asked = 0;
    this.addresses = null;
    this.areMissing = false;
  }

  /* The tiles of the present filters, or none and why; `true` if they are of newer data than those before. */
  async load() {
    const asked = ++this.asked;
    const { element, map, state } = this.app;
    const found = await read(`${element.dataset.tilejson}${filters(state)}`);
    if (asked !== this.asked) return false;
    this.tell(!found.tiles, found.detail);
    if (this.areMissing) return false;
    const isNewer = this.version !== null && this.version !== found.version_token;
    this.version = found.version_token;
    // The gateway may have another name for itself than the page; only its own is allowed here.
    this.addresses = found.tiles.map((one) => one.replace(/^https?:\/\/[^/]+/, location.origin));
    map.getSource('hexes')?.setTiles(this.addresses);
    return isNewer;
  }

  tell(areMissing, detail) {
    if (areMissing) this.app.say(detail ?? this.app.words.unfetched);
    else if (this.areMissing) this.app.say('');
    this.areMissing = areMissing;
    showHexes(this.app.map, !areMissing);
  }

  /* Take newer tiles, if there are any, and say so. */
  async check() {
    if (!(await this.load())) return;
    this.app.shown = null;
    this.app.refresh();
    this.app.say(this.app.words.updated);
  }
}

/* A TileJSON, or what is told instead of one; nothing where no answer came, or none that can be read. */
async function read(address) {
  try {
    return await (await fetch(address)).json();
  } catch {
    return {};
  }
}
