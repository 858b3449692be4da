'use strict';
(() => {
  const {data} = page;
  const by = (list, operation) => list.filter((x) => x.operation === operation);

  // The map of one operation: relative error over the fractions, zero white, blue below and red above.
  const drawMap = (operation) => {
    const maps = by(data.maps, operation);
    if (maps.length === 0) return;
    let chosen = 0;
    const again = page.draw(`map-${operation}`, () => {
      const map = maps[chosen];
      const n = map.values.length;
      const fractions = Array.from({length: n}, (_, i) => i * map.fraction_unit);
      const bound = map.values.reduce((m, row) => row.reduce((k, v) => Math.max(k, Math.abs(v)), m), 0) || 1;
      const traces = [{
        type: 'heatmap', x: fractions, y: fractions, z: map.values, zmin: -bound, zmax: bound, zsmooth: false,
        colorscale: [[0, '#08306b'], [0.125, '#2171b5'], [0.3, '#9ecae1'], [0.5, '#ffffff'], [0.7, '#fcae91'],
          [0.875, '#cb181d'], [1, '#67000d']],
        colorbar: {thickness: 12, outlinewidth: 0, tickformat: '.3~f', len: 0.9},
        hovertemplate: 'Fx %{y}<br>Fy %{x}<br>error %{z:.6f}<extra></extra>',
      }];
      const line = {color: '#000', width: 1.5, dash: 'dash'};
      if (map.edge) {
        const f = map.offset;
        const [x, y] = operation === 'mul' ? [[0, 1 - f], [1 - f, 0]] : [[0, 1 - f], [f, 1]];
        traces.push({type: 'scatter', mode: 'lines', x, y, line, hoverinfo: 'skip'});
      }
      const square = page.layout('fraction of the second operand, Fy', 'fraction of the first operand, Fx');
      Object.assign(square.xaxis, {range: [0, 1], constrain: 'domain', showgrid: false, zeroline: false});
      Object.assign(square.yaxis, {range: [0, 1], constrain: 'domain', showgrid: false, zeroline: false,
        scaleanchor: 'x'});
      return {traces, layout: square};
    });
    page.choices(`map-${operation}-choices`, maps.map((m) => m.arithmetic), (i) => { chosen = i; again(); });
  };
  drawMap('mul');
  drawMap('div');

  ['exp2', 'log2', 'sqrt', 'exp'].forEach((operation) => {
    const curves = by(data.curves, operation);
    if (curves.length === 0) return;
    page.draw(`curve-${operation}`, () => ({
      traces: curves.map((c, i) => ({
        type: 'scatter', mode: 'lines', name: c.arithmetic, x: c.arguments, y: c.errors,
        line: {color: page.palette[i % page.palette.length], width: 1.6},
        hovertemplate: 'x %{x}<br>error %{y:.6f}<extra>' + c.arithmetic.replace(/</g, '&lt;') + '</extra>',
      })),
      layout: page.layout('argument', `${curves[0].metric} error`, {showlegend: curves.length > 1}),
    }));
  });

  const drawHistogram = () => {
    const operations = [...new Set(data.histograms.map((h) => h.operation))];
    let chosen = 0;
    const again = page.draw('histogram', () => ({
      traces: by(data.histograms, operations[chosen]).map((h, i) => {
        const width = (h.high - h.low) / h.counts.length;
        return {
          type: 'scatter', mode: 'lines', name: h.arithmetic, line: {shape: 'hvh', width: 1.6,
            color: page.palette[i % page.palette.length]},
          x: h.counts.map((_, k) => h.low + (k + 0.5) * width), y: h.counts.map((c) => c / h.cases / width),
          hovertemplate: 'error %{x:.4f}<br>density %{y:.3g}<extra>' + h.arithmetic.replace(/</g, '&lt;') + '</extra>',
        };
      }),
      layout: page.layout('relative error', 'density', {showlegend: true}),
    }));
    page.choices('histogram-choices', operations, (i) => { chosen = i; again(); });
  };
  if (data.histograms.length > 0) drawHistogram();

  const table = document.getElementById('all');
  page.filterable(table, document.getElementById('filters'),
    ['operation', 'format', 'arithmetic', 'policy', 'domain']);
  page.sortable(table);
})();
