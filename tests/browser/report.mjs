// Opens report.html in Chromium at desktop and phone width, light and dark, and asserts what is seen.
//   node report.mjs PAGE EXPECTED.json SCREENSHOTS
// NODE_PATH is not read by ES modules: playwright-core is found by S1_PLAYWRIGHT, a folder.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import assert from "node:assert/strict";

const require = createRequire(process.env.S1_PLAYWRIGHT + "/");
const { chromium } = require("playwright-core");
const [file, expectedFile, out] = process.argv.slice(2);
const expected = JSON.parse(readFileSync(expectedFile, "utf8"));
const url = pathToFileURL(file).href;
mkdirSync(out, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.S1_CHROMIUM, args: ["--no-sandbox"] });

async function open(name, width, height, colorScheme, check, address = url) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme });
  const page = await context.newPage();
  const faults = [];
  page.on("console", message => { if (message.type() === "error") { faults.push(message.text()); } });
  page.on("pageerror", error => faults.push(error.message));
  page.on("request", request => { if (request.url() !== address) { faults.push("asked for " + request.url()); } });
  await page.goto(address);
  await check(page);
  await page.screenshot({ path: `${out}/${name}.png`, fullPage: true });
  assert.deepEqual(faults, [], name);
  await context.close();
}

const text = (page, selector) => page.locator(selector).first().innerText();

async function whole(page) {
  for (const id of expected.sections) {
    const box = await page.locator(`#${id}`).boundingBox();
    assert.ok(box && box.width > 200 && box.height > 40, `section ${id} is not seen`);
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(wide, 0, "the page scrolls sideways");
  assert.equal(await text(page, "h1"), expected.title);
  const tiles = await page.locator(".tile b").allInnerTexts();
  for (const value of expected.tiles) { assert.ok(tiles.includes(value), `${value} is not among ${tiles}`); }
  assert.equal(await page.locator("#trades tbody tr").count(), expected.trades);
  assert.deepEqual(await page.locator("#diagnosis li").count(), expected.diagnoses);
  // What a chart draws fills its box: a line from edge to edge, labels inside the page.
  for (const id of ["equity-plot", "drawdown-plot", "price-plot", "excursions-plot"]) {
    const box = await page.locator(`#${id}`).boundingBox();
    const drawn = await page.locator(`#${id} svg path:not(.g)`)
      .evaluateAll(list => Math.max(...list.map(e => e.getBoundingClientRect().width)));
    const least = id === "excursions-plot" ? .6 : .9; // dots stand where trades are
    assert.ok(drawn > box.width * least, `${id} draws ${drawn} of ${box.width}`);
    assert.ok(await page.locator(`#${id} .y`).count() >= 2, `${id} has no labels`);
  }
  const outside = await page.evaluate(() => [...document.querySelectorAll(".plot .x, .plot .y")].filter(e => {
    const box = e.getBoundingClientRect();
    return box.width > 0 && (box.left < -1 || box.right > innerWidth + 1);
  }).length);
  assert.equal(outside, 0, "labels outside the page");
}

function contrast(page, selector) {
  return page.locator(selector).first().evaluate(e => {
    const parts = c => c.match(/[\d.]+/g).map(Number);
    const light = c => parts(c).slice(0, 3).map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
      .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
    let back = e;
    while (back && /rgba\(0, 0, 0, 0\)|transparent/.test(getComputedStyle(back).backgroundColor)) { back = back.parentElement; }
    const a = light(getComputedStyle(e).color), b = light(getComputedStyle(back || document.body).backgroundColor);
    return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  });
}

for (const [name, width, height, scheme] of [["desktop-light", 1280, 900, "light"], ["desktop-dark", 1280, 900, "dark"],
  ["phone-light", 390, 844, "light"], ["phone-dark", 390, 844, "dark"]]) {
  await open(name, width, height, scheme, async page => {
    await whole(page);
    const back = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number));
    assert.equal(back[0] < 60, scheme === "dark", `${name} has background ${back}`);
    for (const selector of ["h2", ".dim", ".tile span", ".good", "#drawdowns .bad", "#diagnosis li"]) {
      if (await page.locator(selector).count() > 0) {
        const ratio = await contrast(page, selector);
        assert.ok(ratio >= 4.5, `${name}: ${selector} has a contrast of ${ratio.toFixed(2)}`);
      }
    }
  });
}

// A trade that is chosen is seen with its stop, target, entry and exit; `all` is the picture again.
await open("chosen", 1280, 900, "light", async page => {
  const before = await page.locator("#price-plot svg").innerHTML();
  const row = page.locator("#trades tbody tr").nth(expected.chosen);
  await row.click();
  assert.ok(await row.evaluate(e => e.classList.contains("on")));
  for (const kind of ["price", "in", "out", "stop", "target"]) {
    assert.ok(await page.locator(`#price-plot svg path.${kind}`).count() > 0, `no ${kind} of the chosen trade`);
  }
  assert.notEqual(await page.locator("#price-plot svg").innerHTML(), before);
  const labels = await page.locator("#price-plot [data-live].y").count();
  assert.ok(labels >= 2, "no labels of the chosen trade");
  for (const action of ["in", "out", "left", "right", "all"]) { await page.click(`[data-do=${action}]`); }
  assert.equal(await page.locator("#price-plot svg").innerHTML(), before);
  await row.focus();
  await page.keyboard.press("Enter");
  assert.notEqual(await page.locator("#price-plot svg").innerHTML(), before);
});

// The band of --ambiguity, and the three runs side by side.
for (const [name, width] of [["band-desktop", 1280], ["band-phone", 390]]) {
  await open(name, width, 844, "light", async page => {
    const box = await page.locator("#band-plot").boundingBox();
    for (const kind of ["band", "worst", "best", "own"]) {
      const drawn = await page.locator(`#band-plot svg path.${kind}`).boundingBox();
      assert.ok(drawn.width > box.width * .9, `${kind} draws ${drawn.width} of ${box.width}`);
    }
    assert.equal(await page.locator("#band tbody tr").count(), 9);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(wide, 0, "the page scrolls sideways");
  }, pathToFileURL(expected.band).href);
}

// A stop that was moved is drawn as steps: level, up or down, level.
await open("moved", 1280, 900, "light", async page => {
  await page.locator("#trades tbody tr").nth(expected.moved).click();
  const steps = await page.locator("#price-plot svg path.stop").getAttribute("d");
  assert.match(steps, /M[\d.]+ [\d.]+H[\d.]+V[\d.]+H[\d.]+V[\d.]+H/);
});

// All figures open, every one with its convention.
await open("figures", 1280, 900, "light", async page => {
  for (const summary of await page.locator("#figures summary").all()) { await summary.click(); }
  assert.equal(await page.locator("#figures tbody tr").count(), expected.figures);
  const cells = await page.locator("#figures tbody tr td:last-child").allInnerTexts();
  assert.ok(cells.every(cell => cell.length > 0), "a figure without a convention");
  const names = await page.locator("#figures tbody tr td:first-child").allInnerTexts();
  assert.ok(names.includes("Sharpe") && names.includes("Deflated Sharpe"));
});

// Without its script the page is whole still.
const plain = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 1280, height: 900 } });
const page = await plain.newPage();
await page.goto(url);
assert.equal(await page.locator("#price-plot svg path.price").count(), 1);
assert.equal(await page.locator("#trades tbody tr").count(), expected.trades);
await browser.close();
console.log(`the page as Chromium ${browser.version()} shows it: 10 views, no request, no error`);
