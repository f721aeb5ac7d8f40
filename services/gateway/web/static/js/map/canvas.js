/* The browser's map: where it looks, and how a hexagon on it is chosen by pointer or keyboard. */
import {
  AttributionControl, Map as MapLibre, NavigationControl, ScaleControl, setWorkerUrl,
} from '../../vendor/maplibre-gl.mjs';
import { bundledStyle, watchScheme } from './layers.js';
import { placeText, readPlace } from './state.js';

const BOUNDS = [[-12, 48], [6, 58.5]];
const KEYS = { minZoom: 4, maxZoom: 16 };

export function createMap(app) {
  const { dataset } = app.element;
  setWorkerUrl(vendored('maplibre-gl-worker.mjs'));
  const [west, south, east, north] = dataset.country.split(',').map(Number);
  const country = [[west, south], [east, north]];
  const map = new Canvas({
    container: 'map-canvas',
    style: dataset.style || bundledStyle(dataset.basemap),
    maxBounds: BOUNDS,
    ...KEYS,
    ...(readPlace(app.state.at) ?? { bounds: country }),
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    attributionControl: false,
    fadeDuration: matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 200,
    locale: { 'Map.Title': app.words.map },
  });
  map.country = country;
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), 'top-right');
  map.addControl(new ScaleControl({ unit: 'metric' }), 'bottom-left');
  if (dataset.style) map.addControl(new AttributionControl({ compact: false }), 'bottom-right');
  watchScheme(map, !dataset.style);
  connectPointer(map, app);
  connectKeyboard(map, app);
  return map;
}

/* The library's rules, before anything of it is to be seen. */
export function loadStyle() {
  return new Promise((resolve, reject) => {
    const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', onload: resolve, onerror: reject });
    link.href = vendored('maplibre-gl.css');
    document.head.prepend(link);
  });
}

function vendored(name) {
  return new URL(`../../vendor/${name}`, import.meta.url).href;
}

class Canvas extends MapLibre {
  place() {
    return placeText(this.getCenter(), this.getZoom());
  }

  box() {
    return this.getBounds().toArray().flat().map((degrees) => degrees.toFixed(5)).join(',');
  }

  goTo(text) {
    const place = readPlace(text);
    if (place) this.jumpTo(place);
    else this.fitBounds(this.country, { animate: false });
  }

  hexAt(point) {
    return this.queryRenderedFeatures(point, { layers: ['hexes'] })[0];
  }
}

function connectPointer(map, app) {
  const canvas = map.getCanvas();
  map.on('click', (event) => {
    const found = map.hexAt(event.point);
    if (found) app.choose(found.properties.id);
  });
  map.on('mousemove', (event) => {
    const found = map.getLayer('hexes') && map.hexAt(event.point);
    canvas.style.cursor = found ? 'pointer' : '';
    canvas.title = found ? found.properties.total.toLocaleString('en-GB') : '';
  });
}

function connectKeyboard(map, app) {
  const canvas = map.getCanvas();
  canvas.setAttribute('aria-describedby', 'map-keys');
  canvas.addEventListener('focus', () => app.element.classList.toggle('is-aiming', canvas.matches(':focus-visible')));
  canvas.addEventListener('keydown', (event) => {
    app.element.classList.add('is-aiming');
    if (event.key !== 'Enter') return;
    event.preventDefault();
    const found = map.hexAt(map.project(map.getCenter()));
    if (found) app.choose(found.properties.id);
    else app.say(app.words.nothing);
  });
  canvas.addEventListener('blur', () => app.element.classList.remove('is-aiming'));
}
