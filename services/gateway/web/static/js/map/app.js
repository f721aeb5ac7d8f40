/* A browser's own map in the place of the server's drawing, which stays where this fails. */
import { connectForm, showFilters } from './form.js';
import { createMap, loadStyle } from './canvas.js';
import { addData, paintSteps, outlineChosen, hatchSilent } from './layers.js';
import { showParts } from './parts.js';
import { address, fromLocation } from './state.js';
import { HexTiles } from './tiles.js';
import { connectTime } from './time.js';

const PAUSE_MS = 300;
const LONGEST_MS = 20000;

class App {
  constructor(element) {
    this.element = element;
    this.words = JSON.parse(element.dataset.words);
    this.path = element.dataset.path;
    this.months = element.dataset.months.split(',').filter(Boolean);
    this.state = fromLocation();
    this.shown = null;
    this.timer = 0;
  }

  start() {
    this.map = createMap(this);
    this.element.map = this.map; // for tests in a browser
    this.tiles = new HexTiles(this);
    const known = this.tiles.load();
    this.map.on('error', ({ error, sourceId }) => this.failed(error, sourceId));
    addEventListener('popstate', () => this.wentBack());
    document.addEventListener('visibilitychange', () => document.hidden || this.tiles.check());
    return new Promise((resolve, reject) => {
      let isOver = false;
      const giveUp = (error) => { isOver = true; reject(error); };
      const timer = setTimeout(() => giveUp(new Error('the map was not there in time')), LONGEST_MS);
      this.map.on('error', ({ error, sourceId }) => isOver || sourceId || giveUp(error));
      this.map.once('load', async () => {
        clearTimeout(timer);
        if (isOver) return; // the drawing stays
        isOver = true;
        await known;
        try { resolve(this.live()); } catch (error) { reject(error); }
      });
    });
  }

  failed(error, source) {
    console.warn(error?.message);
    if (source === 'hexes') this.say(this.words.some);
  }

  live() {
    if (!this.tiles.addresses) return null;
    addData(this.map, this.element.dataset, this.tiles.addresses);
    const isAmongDrawn = this.element.contains(document.activeElement);
    this.element.classList.add('is-live');
    if (isAmongDrawn) this.map.getCanvas().focus({ preventScroll: true });
    this.time = connectTime(this);
    connectForm(this);
    this.followServer();
    this.map.on('moveend', () => this.change({ at: this.map.place() }, { moves: false }));
    document.addEventListener('click', (event) => this.followLink(event));
    this.refresh();
    return this;
  }

  /* What the page says of the hexagons in view: steps of colours, silent areas, the chosen one. */
  followServer() {
    const side = document.getElementById('map-side');
    const { revision } = side.dataset;
    if (this.tiles.areMissing || (this.revision && this.revision !== revision)) this.tiles.check();
    this.revision = revision;
    paintSteps(this.map, side.dataset.steps.split(',').filter(Boolean).map(Number), side.dataset.first);
    hatchSilent(this.map, side.dataset.silent.split(',').filter(Boolean));
    outlineChosen(this.map, document.getElementById('map-panel').dataset.ring);
  }

  /* Another state: in the address, on the map, beside it. `push` makes it a step of its own in the history. */
  async change(part, { push = false, moves = true } = {}) {
    const before = this.state;
    this.state = { ...before, ...part };
    history[push ? 'pushState' : 'replaceState'](null, '', address(this.path, this.state));
    await this.apply(before, moves);
  }

  async wentBack() {
    const before = this.state;
    this.state = fromLocation();
    await this.apply(before, true);
  }

  async apply(before, moves) {
    if (moves && this.state.at !== before.at) this.map.goTo(this.state.at);
    if (['month', 'category', 'outcome_group'].some((name) => this.state[name] !== before[name])) {
      showFilters(this);
      this.time?.show();
      await this.tiles.load();
    }
    this.refresh();
  }

  /* The parts of the page, once nothing has changed for a moment. */
  refresh() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refreshNow(), PAUSE_MS);
  }

  /* `false` if they could not be had, which is then said. */
  async refreshNow() {
    const wanted = address(`${this.path}/parts`, { ...this.state, at: this.map.place(), bbox: this.map.box() });
    if (wanted === this.shown) return true;
    this.shown = wanted;
    try {
      if (!(await showParts(wanted, () => this.shown === wanted))) return true;
      this.followServer();
      this.element.dispatchEvent(new CustomEvent('shown'));
      return true;
    } catch (error) {
      this.shown = null;
      this.say(error.detail ?? this.words.failed);
      return false;
    }
  }

  async choose(id) {
    await this.change({ cell: id || null }, { push: true });
    clearTimeout(this.timer);
    if (!(await this.refreshNow())) return;
    const title = document.querySelector('#map-panel h2')?.textContent ?? '';
    const count = document.querySelector('#map-panel .map-count')?.textContent ?? '';
    this.say(`${title} ${count}`.replace(/\s+/g, ' '));
  }

  async followLink(event) {
    const link = event.target.closest?.('a[data-cell]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    await this.choose(link.dataset.cell);
    document.querySelector('#map-panel h2')?.focus();
  }

  say(text) {
    document.getElementById('map-said').textContent = text;
  }
}

/* The map once it can be used; nothing where its tiles cannot be had.
   Throws where the browser cannot draw it. */
export async function startMap(element) {
  await loadStyle();
  return new App(element).start();
}
