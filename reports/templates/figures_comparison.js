// Figures over formats, arithmetics, compensations and exponents.
(() => {
  const {data, plain} = page;
  const {of, line, buttons, chosen, isWide, scaled, errorTitle, setLabel} = figures.helpers;

  // The two ends of the range beside each other: above the error, below the kinds of result.
  figures.range = (box, operation) => {
    const all = of(data.range_ends, operation);
    const kinds = [['normal', '#8fb3d9'], ['subnormal', '#f0d77b'], ['zero', '#b8bcc2'], ['overflowed', '#d9877a']];
    chosen(box, all, setLabel(all), (set) => {
      const e = set.exponents;
      // The gap between the ends, if the middle was left out.
      let cut = e.length;
      for (let i = 1; i < e.length; ++i) if (e[i] - e[i - 1] > 1) cut = i;
      const parts = cut < e.length ? [[0, cut], [cut, e.length]] : [[0, e.length]];
      const wide = isWide(set.greatest);
      const least = scaled(set.least, wide), greatest = scaled(set.greatest, wide);
      const layout = page.layout('', '', {showlegend: true, hovermode: 'x'});
      delete layout.xaxis;
      delete layout.yaxis;
      const traces = [];
      parts.forEach(([from, to], p) => {
        const n = p === 0 ? '' : '2';
        const x = e.slice(from, to);
        const domain = parts.length === 1 ? [0, 1] : p === 0 ? [0, 0.48] : [0.52, 1];
        layout[`xaxis${n}`] = Object.assign(page.axis('exponent'), {domain, anchor: `y${p === 0 ? '3' : '4'}`,
          zeroline: false});
        const first = p === 0;
        layout[`yaxis${n}`] = Object.assign(page.axis(first ? errorTitle(set.metric, wide) : ''),
          {domain: [0.46, 1], anchor: `x${n}`, type: wide ? 'log' : 'linear', showticklabels: first});
        if (!first) layout[`yaxis${n}`].matches = 'y';
        layout[`yaxis${first ? 3 : 4}`] = Object.assign(page.axis(first ? 'share' : ''),
          {domain: [0, 0.34], anchor: `x${n}`, range: [0, 1], showticklabels: first});
        const axes = {xaxis: `x${n}`, yaxis: `y${n}`};
        [['least', least, 0], ['greatest', greatest, 1]].forEach(([name, y, i]) => traces.push(Object.assign({
          type: 'scatter', mode: 'lines+markers', name, legendgroup: name, showlegend: first, x, y: y.slice(from, to),
          line: line(i), marker: {size: 4}, hovertemplate: `${name} %{y:.6g}<extra></extra>`}, axes)));
        kinds.forEach(([kind, colour]) => traces.push({
          type: 'bar', name: kind, legendgroup: kind, showlegend: first, x, y: set[kind].slice(from, to),
          marker: {color: colour}, xaxis: `x${n}`, yaxis: `y${first ? 3 : 4}`,
          hovertemplate: `${kind} %{y:.3%}<extra></extra>`}));
      });
      Object.assign(layout, {barmode: 'stack', bargap: 0.05});
      return {traces, layout, height: 460};
    });
  };

  figures.compensation = (box, operation) => chosen(box, of(data.compensation, operation), (s) => s.arithmetic, (s) => {
    const curves = [['greatest', s.max_relative], ['least', s.min_relative], ['mean', s.mean_relative],
      ['RMS', s.rms_relative]];
    const marks = [['zero mean', s.offset_zero_mean], ['minimax', s.offset_minimax], ['least RMS', s.offset_least_rms]];
    const layout = page.layout('compensation f', 'relative error', {showlegend: true});
    layout.shapes = marks.map(([, x], i) => ({type: 'line', x0: x, x1: x, yref: 'paper', y0: 0, y1: 1,
      line: {color: page.palette[4 + i], width: 1.4, dash: 'dot'}}));
    const traces = curves.map(([name, y], i) => ({type: 'scatter', mode: 'lines', name, x: s.offsets, y, line: line(i),
      hovertemplate: `f %{x:.6f}<br>${name} %{y:.8f}<extra></extra>`}));
    // The marks' names stand in the legend: they lie too close together for labels.
    marks.forEach(([name, x], i) => traces.push({type: 'scatter', mode: 'lines', x: [null], y: [null],
      name: `${name}: f = ${x.toPrecision(9)}`, line: {color: page.palette[4 + i], width: 1.4, dash: 'dot'}}));
    return {traces, layout, height: 420};
  });

  // One panel for each format; beside each other where there is room.
  figures.ranges = (box) => {
    const operations = [...new Set(data.ranges.map((r) => r.operation))];
    let operation = operations[0];
    const again = page.draw(box, (width) => {
      const rows = of(data.ranges, operation);
      const formats = [...new Set(rows.map((r) => r.format))];
      const arithmetics = [...new Set(rows.map((r) => r.arithmetic))].reverse();
      const wide = isWide(rows.map((r) => r.greatest));
      const columns = Math.max(1, Math.min(formats.length, Math.floor(width / 300)));
      const lines = Math.ceil(formats.length / columns);
      const layout = page.layout('', '', {annotations: []});
      delete layout.xaxis;
      delete layout.yaxis;
      const traces = [];
      const panel = 60 + 22 * arithmetics.length, height = lines * panel + 44;
      formats.forEach((format, k) => {
        const n = k === 0 ? '' : String(k + 1);
        const column = k % columns, row = Math.floor(k / columns);
        const x0 = column / columns, top = 1 - row * panel / (height - 44);
        const mine = rows.filter((r) => r.format === format);
        layout[`xaxis${n}`] = Object.assign(page.axis(''), {domain: [x0 + (column ? 0.02 : 0), x0 + 1 / columns - 0.01],
          anchor: `y${n}`, nticks: 5, type: wide ? 'log' : 'linear'});
        if (k > 0) layout[`xaxis${n}`].matches = 'x';
        layout[`yaxis${n}`] = Object.assign(page.axis(''), {domain: [Math.max(0, top - (panel - 44) / (height - 44)),
          top - 4 / (height - 44)], anchor: `x${n}`, type: 'category', categoryorder: 'array',
          categoryarray: arithmetics, showticklabels: column === 0, range: [-0.6, arithmetics.length - 0.4]});
        layout.annotations.push({xref: 'paper', yref: 'paper', x: x0 + (column ? 0.02 : 0), y: top, xanchor: 'left',
          yanchor: 'bottom', showarrow: false, text: `<b>${plain(format)}</b>`});
        mine.forEach((r) => {
          const i = arithmetics.length - 1 - arithmetics.indexOf(r.arithmetic);
          const [a, m, b] = scaled([r.least, r.mean, r.greatest], wide);
          traces.push({type: 'scatter', mode: 'lines+markers', x: [a, m, b], y: Array(3).fill(r.arithmetic),
            xaxis: `x${n}`, yaxis: `y${n}`, line: line(i, {width: 4}),
            marker: {symbol: ['line-ns-open', 'circle', 'line-ns-open'], size: [10, 8, 10], color: line(i).color},
            text: ['least', 'mean', 'greatest'],
            hovertemplate: `${plain(r.arithmetic)} (${r.evidence}, ${r.domain})<br>%{text} %{x:.9g}<extra></extra>`});
        });
      });
      layout.margin = {l: 100, r: 12, t: 24, b: 20};
      return {traces, layout, height};
    });
    page.choices(buttons(box), operations, (i) => { operation = operations[i]; again(); });
  };

  // Rows of two hexadecimal digits a cell.
  figures.profile = (box) => chosen(box, data.profile, (m) => m.operation, (m) => {
    const z = m.rows.map((row) => row.match(/../g).map((cell) => parseInt(cell, 16) / m.patterns));
    const layout = page.layout('biased exponent of b', 'biased exponent of a');
    Object.assign(layout.xaxis, {zeroline: false, constrain: 'domain'});
    Object.assign(layout.yaxis, {zeroline: false, constrain: 'domain', scaleanchor: 'x'});
    return {layout, traces: [{type: 'heatmap', z, zmin: 0, zmax: 1, zsmooth: false,
      colorscale: [[0, '#ffffff'], [0.01, '#c6dbef'], [1, '#08306b']],
      colorbar: {thickness: 12, outlinewidth: 0, tickformat: '.0%', len: 0.9},
      hovertemplate: 'a %{y}, b %{x}<br>%{z:.1%} of the patterns differ<extra></extra>'}]};
  });

  figures.energy = (box) => {
    const nodes = [...new Set(data.energy.map((r) => r.node))];
    chosen(box, nodes, (n) => n, (node) => {
      const rows = data.energy.filter((r) => r.node === node);
      const x = [rows.map((r) => r.format), rows.map((r) => r.arithmetic)];
      const part = (name, i) => ({type: 'bar', name, x, y: rows.map((r) => (r[name] === undefined ? null : r[name])),
        marker: {color: page.palette[i]}, hovertemplate: `%{x}<br>${name} %{y:.3f} pJ<extra></extra>`});
      const layout = page.layout('', 'pJ per term', {barmode: 'stack', showlegend: true});
      layout.xaxis.tickangle = -90;
      return {traces: [part('product', 1), part('accumulation', 5)], layout, height: 420};
    });
  };
})();
