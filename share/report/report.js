"use strict";
(function () {
  var source = document.getElementById("price-data"), plot = document.getElementById("price-plot");
  if (!source || !plot) { return; }
  var data = JSON.parse(source.textContent), svg = plot.querySelector("svg"), H = 360, W = 1000;
  data.high = data.high || data.low;
  var from = 0, to = data.rows, whole = svg.innerHTML, labels = plot.querySelectorAll(".x, .y");

  function x(row) { return (row + .5 - from) / (to - from) * W; }
  function day(seconds) { return new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " "); }
  function element(name, text, style) {
    var span = document.createElement("span");
    span.className = name; span.textContent = text; span.setAttribute("style", style); span.dataset.live = "1";
    plot.appendChild(span);
  }
  function path(kind, d) { return d ? '<path class="' + kind + '" d="' + d + '"/>' : ""; }
  function prices(moves) { return moves.filter(function (p, k) { return k % 2 === 1; }); }
  function reset() {
    plot.querySelectorAll("[data-live]").forEach(function (e) { e.remove(); });
  }

  function draw() {
    reset();
    if (from <= 0 && to >= data.rows) {
      svg.innerHTML = whole;
      labels.forEach(function (e) { e.style.display = ""; });
      return;
    }
    labels.forEach(function (e) { e.style.display = "none"; });
    var first = Math.max(0, Math.floor(from / data.step)), last = Math.min(data.low.length, Math.ceil(to / data.step) + 1);
    var low = Infinity, high = -Infinity, i, t, d = "";
    for (i = first; i < last; i++) { low = Math.min(low, data.low[i]); high = Math.max(high, data.high[i]); }
    data.trades.forEach(function (v) {
      if (v[2] >= from && v[0] <= to) {
        [v[1], v[3], v[4], v[5]].concat(prices(v[7]), prices(v[8])).forEach(function (p) {
          if (p !== null) { low = Math.min(low, p); high = Math.max(high, p); }
        });
      }
    });
    var pad = (high - low) * .05 || 1;
    low -= pad; high += pad;
    function y(price) { return (high - price) / (high - low) * H; }
    function dot(row, price) { return "M" + x(row).toFixed(1) + " " + y(price).toFixed(1) + "h0"; }
    // A stop or target over the life of a trade: flat until it is moved.
    function level(a, b, price, moves) {
      var line = price === null ? "" : "M" + x(a).toFixed(1) + " " + y(price).toFixed(1), k;
      for (k = 0; k < moves.length; k += 2) {
        line += (line ? "H" + x(moves[k]).toFixed(1) + "V" : "M" + x(moves[k]).toFixed(1) + " ") + y(moves[k + 1]).toFixed(1);
      }
      return line && line + "H" + x(b).toFixed(1);
    }
    for (i = first; i < last; i++) {
      var at = x(i * data.step + (data.step - 1) / 2).toFixed(1);
      d += (d ? "L" : "M") + at + " " + y(data.low[i]).toFixed(1);
      if (data.step > 1) { d += "L" + at + " " + y(data.high[i]).toFixed(1); }
    }
    var parts = {win: "", loss: "", stop: "", target: "", "in": "", out: ""};
    for (i = 0; i < data.trades.length; i++) {
      t = data.trades[i];
      if (t[2] < from || t[0] > to) { continue; }
      parts[t[6] > 0 ? "win" : "loss"] += "M" + x(t[0]).toFixed(1) + " " + y(t[1]).toFixed(1) + "L" + x(t[2]).toFixed(1) +
        " " + y(t[3]).toFixed(1);
      parts.stop += level(t[0], t[2], t[4], t[7]);
      parts.target += level(t[0], t[2], t[5], t[8]);
      parts["in"] += dot(t[0], t[1]);
      parts.out += dot(t[2], t[3]);
    }
    svg.innerHTML = path("price", d) + path("stop", parts.stop) + path("target", parts.target) + path("win", parts.win) +
      path("loss", parts.loss) + path("in", parts["in"]) + path("out", parts.out);
    var power = Math.pow(10, Math.floor(Math.log10((high - low) / 5))), lead = (high - low) / 5 / power;
    var step = (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10) * power;
    var digits = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)), lines = "";
    for (i = Math.ceil(low / step); i * step <= high; i++) {
      lines += "M0 " + y(i * step).toFixed(1) + "H1000";
      element("y", (i * step).toFixed(digits), "top:" + (y(i * step) / H * 100).toFixed(2) + "%");
    }
    svg.innerHTML = path("g", lines) + svg.innerHTML;
    var stamps = data.time;
    element("x start", day(stamps[Math.min(stamps.length - 1, first)]), "left:0");
    element("x end", day(stamps[Math.min(stamps.length, last) - 1]), "left:100%");
  }

  function show(a, b) {
    var least = 20;
    if (b - a < least) { var middle = (a + b) / 2; a = middle - least / 2; b = middle + least / 2; }
    from = Math.max(0, a); to = Math.min(data.rows, b);
    draw();
  }
  function zoom(factor) {
    var middle = (from + to) / 2, half = (to - from) / 2 * factor;
    show(middle - half, middle + half);
  }
  function pan(share) {
    var width = to - from, a = Math.max(0, Math.min(data.rows - width, from + width * share));
    show(a, a + width);
  }
  var doing = {"in": function () { zoom(.5); }, out: function () { zoom(2); }, left: function () { pan(-.5); },
    right: function () { pan(.5); }, all: function () { show(0, data.rows); }};
  document.querySelectorAll("[data-do]").forEach(function (e) {
    e.addEventListener("click", function () { doing[e.dataset["do"]](); });
  });
  function pick(row) {
    var t = data.trades[+row.dataset.trade], room = Math.max(15, (t[2] - t[0]) * .6);
    document.querySelectorAll("tr.on").forEach(function (e) { e.classList.remove("on"); });
    row.classList.add("on");
    show(t[0] - room, t[2] + room);
    plot.scrollIntoView({block: "center"});
  }
  document.querySelectorAll("tr.pick").forEach(function (row) {
    row.addEventListener("click", function () { pick(row); });
    row.addEventListener("keydown", function (e) { if (e.key === "Enter") { pick(row); } });
  });
}());
