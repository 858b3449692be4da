'use strict';
(() => {
  const {data} = page;
  const recipes = [...new Set(data.curves.map((c) => c.recipe))];
  // One colour an arm over all figures, one line style a seed.
  const arms = [...new Set(data.arms)];
  const seeds = [...new Set(data.curves.map((c) => c.seed))];
  const dashes = ['solid', 'dash', 'dot', 'dashdot', 'longdash'];
  const plain = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

  const drawLosses = (id, kind, axisTitle) => {
    let recipe = 0, type = 'linear';
    const again = page.draw(id, () => {
      const curves = data.curves.filter((c) => c.recipe === recipes[recipe] && c[kind].steps.length > 0)
        .sort((a, b) => arms.indexOf(a.arm) - arms.indexOf(b.arm));
      const several = seeds.length > 1;
      const named = new Set();
      const traces = curves.map((c) => {
        const first = !named.has(c.arm);
        named.add(c.arm);
        return {
          type: 'scatter', mode: kind === 'validation' ? 'lines+markers' : 'lines', name: plain(c.arm),
          legendgroup: plain(c.arm), showlegend: first, x: c[kind].steps, y: c[kind].losses,
          line: {width: 1.6, color: page.palette[arms.indexOf(c.arm) % page.palette.length],
            dash: several ? dashes[seeds.indexOf(c.seed) % dashes.length] : 'solid'},
          marker: {size: 6},
          hovertemplate: `step %{x:.0f}<br>loss %{y:.4f}<extra>${plain(c.arm)}, seed ${plain(c.seed)}</extra>`,
        };
      });
      const layout = page.layout('step', axisTitle, {showlegend: true});
      Object.assign(layout.yaxis, {type, zeroline: false});
      Object.assign(layout.xaxis, {zeroline: false});
      return {traces, layout};
    });
    page.choices(`${id}-choices`, ['linear', 'logarithmic'], (i) => {
      type = i === 0 ? 'linear' : 'log';
      again();
    });
    return (i) => { recipe = i; again(); };
  };
  const redraws = [drawLosses('training', 'training', 'training loss'),
    drawLosses('validation', 'validation', 'validation loss')];
  page.choices('recipe-choices', recipes, (i) => redraws.forEach((f) => f(i)));

  const table = document.getElementById('all');
  page.filterable(table, document.getElementById('filters'), ['recipe', 'arm', 'seed', 'status']);
  page.sortable(table);
})();
