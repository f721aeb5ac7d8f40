/* What is drawn: the bundled basemap, the hexagons, the areas without data. Colours are those of the style sheet. */
const COLOURS = 6;
const HATCH = 'hatch';
const NOTHING = { type: 'FeatureCollection', features: [] };

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/* A style without a server for fonts: letters are those of the browser. */
export function bundledStyle(areas) {
  const source = (name) => ({ type: 'geojson', data: new URL(areas.replace('areas', name), location.href).href });
  return {
    version: 8,
    sources: { land: source('land'), areas: source('areas'), water: source('water'), places: source('places') },
    layers: base(),
  };
}

function base() {
  return [
    { id: 'sea', type: 'background', paint: { 'background-color': colour('sea') } },
    { id: 'land', type: 'fill', source: 'land', paint: { 'fill-color': colour('land') } },
    { id: 'areas', type: 'fill', source: 'areas', paint: { 'fill-color': colour('land') } },
    { id: 'water', type: 'line', source: 'water', paint: { 'line-color': colour('sea'), 'line-width': 1.5 } },
    names(),
  ];
}

function names() {
  const shown = ['step', ['zoom'], 20, 6, 60, 7, 150, 8, 400, 9, 900, 10, 5000];
  return {
    id: 'places', type: 'symbol', source: 'places', filter: ['<', ['get', 'rank'], shown],
    layout: {
      'text-field': ['get', 'name'], 'text-font': ['sans-serif'], 'text-size': 13,
      'symbol-sort-key': ['get', 'rank'], 'text-padding': 6,
    },
    paint: { 'text-color': colour('ink'), 'text-halo-color': colour('land'), 'text-halo-width': 1.6 },
  };
}

function data(dataset) {
  return [
    { id: 'silent', type: 'fill', source: 'areas', filter: ['in', ['get', 'force'], ['literal', []]],
      paint: { 'fill-pattern': HATCH } },
    { id: 'hexes', type: 'fill', source: 'hexes', 'source-layer': dataset,
      paint: { 'fill-color': colour('heat-3'), 'fill-opacity': 0.88 } },
    { id: 'edges', type: 'line', source: 'hexes', 'source-layer': dataset,
      paint: { 'line-color': colour('paper'), 'line-width': 0.4 } },
    { id: 'borders', type: 'line', source: 'areas',
      paint: { 'line-color': colour('muted'), 'line-width': 0.8, 'line-opacity': 0.6 } },
    { id: 'chosen', type: 'line', source: 'chosen', paint: { 'line-color': colour('ink'), 'line-width': 3 } },
  ];
}

/* Sources and layers of the data, below the names of the basemap. */
export function addData(map, { dataset, basemap }, tiles) {
  map.addImage(HATCH, hatch(), { pixelRatio: 2 });
  if (!map.getSource('areas')) map.addSource('areas', { type: 'geojson', data: basemap });
  map.addSource('hexes', { type: 'vector', tiles, minzoom: 0, maxzoom: 12 });
  map.addSource('chosen', { type: 'geojson', data: NOTHING });
  const above = map.getStyle().layers.find((layer) => layer.type === 'symbol')?.id;
  for (const layer of data(dataset)) map.addLayer(layer, above);
}

/* The steps of the colours, as the legend names them; `first` is the number of the first colour. */
export function paintSteps(map, steps, first) {
  map.steps = [steps, first];
  const shades = steps.flatMap((step, n) => [step, colour(`heat-${Math.min(Number(first) + n + 1, COLOURS)}`)]);
  const lowest = colour(`heat-${first}`);
  map.setPaintProperty('hexes', 'fill-color', steps.length ? ['step', ['get', 'total'], lowest, ...shades] : lowest);
}

/* Hexagons of other filters than those that are chosen are not to be seen. */
export function showHexes(map, areShown) {
  for (const id of ['hexes', 'edges'].filter((one) => map.getLayer(one))) {
    map.setLayoutProperty(id, 'visibility', areShown ? 'visible' : 'none');
  }
}

export function hatchSilent(map, forces) {
  map.setFilter('silent', ['in', ['get', 'force'], ['literal', forces]]);
}

/* `ring` is the outline as JSON; none where no hexagon is chosen. */
export function outlineChosen(map, ring) {
  const shape = ring && { type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates: JSON.parse(ring) } };
  map.getSource('chosen').setData(shape || NOTHING);
}

/* Colours follow the scheme of the system. */
export function watchScheme(map, isBundled) {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    const layers = [...(isBundled ? base() : []), ...data('')];
    for (const { id, paint } of layers.filter((layer) => map.getLayer(layer.id))) {
      for (const [name, value] of Object.entries(paint)) map.setPaintProperty(id, name, value);
    }
    map.updateImage(HATCH, hatch());
    if (map.steps) paintSteps(map, ...map.steps);
  });
}

/* Stripes as the style sheet has them for charts, twice as fine as the screen needs. */
function hatch() {
  const size = 16;
  const canvas = Object.assign(document.createElement('canvas'), { width: size, height: size });
  const pen = canvas.getContext('2d');
  pen.fillStyle = colour('data-gap');
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = colour('strong-rule');
  pen.lineWidth = 2;
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift, size);
    pen.lineTo(shift + size, 0);
  }
  pen.stroke();
  return pen.getImageData(0, 0, size, size);
}
