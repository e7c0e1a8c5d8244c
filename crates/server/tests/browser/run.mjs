// Drives a real Chromium over a running server. What it is told comes from the environment:
// BASE, TOKEN, and PLAN (JSON: the weighings and models of the record that was made for it).

import { chromium } from "playwright-core";
import { everyPage } from "./pages.mjs";
import { filters, keyboard, replies, withoutScript } from "./paths.mjs";

const { MODE: mode, BASE: base, TOKEN: token, READER: reader, SHOTS: shots, CHROMIUM: executablePath } = process.env;
const plan = JSON.parse(process.env.PLAN);
const q = encodeURIComponent;
const planted = '<script>window.ran=1</script>"onmouseover="window.ran=2\u202e';

/** The pages that any record has. */
const common = [
  ["home", "/", 200],
  ["dossier", `/models/${q(plan.model)}`, 200],
  ["decision", `/weighings/${plan.weighing}`, 200],
  ["findings", `/findings`, 200],
  ["behaviour", "/behaviour", 200],
  ["run", `/behaviour/${plan.run}`, 200],
  ["replies", `/behaviour/${plan.run}/replies`, 200],
  ["reply", `/behaviour/${plan.run}/replies/3`, 200],
  ["decisions", "/decisions?state=all", 200],
  ["jobs", "/jobs", 200],
  ["record", "/record", 200],
  ["entry", `/record/${plan.entry}`, 200],
  ["calls", "/calls", 200],
  ["blast", "/blast?rule=pickle-code-execution", 200],
  ["owners", "/settings/owners", 200],
];
const places = {
  team: [
    ...common,
    ["dossier-alarm", `/model?name=${q(plan.alarm)}`, 200],
    ["findings-none", "/findings?rule=no-such", 200],
    ["rules", "/rules?contains=pickle", 200],
    ["rule", "/rules/pickle-code-execution", 200],
    ["policies", "/policies", 200],
    ["policy", "/policies/standard", 200],
    ["tokens", "/settings/tokens", 200],
    ["about", "/settings/about", 200],
    ["search", `/search?q=${plan.file?.slice(0, 12)}`, 200],
    ["replies-differ", `/behaviour/${plan.run}/replies?only=differs&search=leaf`, 200],
    ["replies-none", `/behaviour/${plan.run}/replies?search=no-such`, 200],
    ["run-original", `/behaviour/${plan.original}`, 200],
    ["missing", "/weighings/none", 404],
  ],
  planted: [
    ...common,
    ["findings-filtered", `/findings?model=${q(plan.model)}&digest=${q(planted)}`, 200],
    ["search", `/search?q=${q(planted)}`, 200],
    ["found", "/search?q=planted", 200],
    ["missing", `/weighings/${q(planted)}`, 404],
    ["replies-sought", `/behaviour/${plan.run}/replies?search=${q(planted)}&probe=${q(planted)}&only=${q(planted)}`, 200],
    ["behaviour-filtered", `/behaviour?model=${q(plan.model)}`, 200],
    ["no-run", `/behaviour/${q(planted)}`, 404],
    ["nowhere", `/${q(planted)}`, 404],
  ],
}[mode];

async function signIn(browser, secret) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${base}/sign-in`);
  await page.fill("#token", secret);
  await page.click("button.go");
  await page.waitForURL(`${base}/`);
  const state = await context.storageState();
  await context.close();
  return state;
}

const browser = await chromium.launch({
  executablePath,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
  ],
});
const faults = [];
const step = async (name, work) => {
  const begun = Date.now();
  try {
    await work();
  } catch (error) {
    faults.push(`${name}: ${error.message}`);
  }
  console.log(`${name}: ${Date.now() - begun} ms`);
};
try {
  const state = await signIn(browser, token);
  await step("pages", async () => faults.push(...(await everyPage(browser, base, state, places, shots, mode === "team"))));
  if (mode === "team") {
    await step("pages for others", async () => {
      const lower = await signIn(browser, reader);
      const places = [["forbidden", "/settings/tokens", 403]];
      faults.push(...(await everyPage(browser, base, lower, places, shots, true)));
      faults.push(...(await everyPage(browser, base, undefined, [["sign-in", "/sign-in", 200]], shots, true)));
    });
    await step("keyboard", () => keyboard(browser, base, state, plan.model, faults));
    await step("filters", () => filters(browser, base, state, faults));
    await step("replies", () => replies(browser, base, state, plan.run, faults));
    await step("without script", () => withoutScript(browser, base, token, plan.weighing, faults));
  }
} finally {
  await browser.close();
}
for (const fault of [...new Set(faults)]) console.error(fault);
process.exit(faults.length ? 1 : 0);
