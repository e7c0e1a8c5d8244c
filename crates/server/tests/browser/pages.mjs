// Each page, in both themes, wide and narrow: what a browser makes of it.

import { readFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parse } from "parse5";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const SIZES = [
  { name: "wide", width: 1280, height: 900 },
  { name: "narrow", width: 400, height: 800 },
];

/** What the markup itself must not hold, whatever a browser makes of it. */
export function markupFaults(html) {
  const faults = [];
  const visit = (node) => {
    const attributes = node.attrs ?? [];
    for (const { name, value } of attributes) {
      if (name.startsWith("on")) faults.push(`attribute ${name}`);
      if (name === "style") faults.push("an inline style");
      if (/^\s*(javascript|data|vbscript):/i.test(value) && ["href", "src", "action"].includes(name)) {
        faults.push(`${name}=${value.slice(0, 40)}`);
      }
    }
    if (node.nodeName === "script") {
      const src = attributes.find(({ name }) => name === "src")?.value ?? "";
      if (!src.startsWith("/assets/") || node.childNodes.length) faults.push(`script ${src}`);
    }
    if (["iframe", "object", "embed", "style", "base"].includes(node.nodeName)) {
      faults.push(`element ${node.nodeName}`);
    }
    for (const child of node.childNodes ?? []) visit(child);
    if (node.content) visit(node.content);
  };
  visit(parse(html));
  const acting = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
  if (acting.test(html)) faults.push("a character that acts");
  return faults;
}

async function look(page, name) {
  const faults = [];
  const wider = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  if (wider > 0) faults.push(`${wider} pixels too wide: ${await widest(page)}`);
  if (await page.evaluate(() => window.ran !== undefined)) faults.push("a planted script ran");
  for (const landmark of ["main", "h1"]) {
    const count = await page.locator(landmark).count();
    if (count !== 1) faults.push(`${count} of ${landmark}`);
  }
  return faults.map((fault) => `${name}: ${fault}`);
}

const widest = (page) =>
  page.evaluate(() => {
    const over = [...document.querySelectorAll("body *")].filter(
      (one) =>
        one.getBoundingClientRect().right > document.documentElement.clientWidth + 1 &&
        !one.closest(".scroll, .graph, pre, .hidden"),
    );
    return over.slice(0, 3).map((one) => `${one.tagName}.${one.className}`).join(", ");
  });

async function accessible(page, name) {
  await page.evaluate(axe);
  const found = await page.evaluate(() =>
    window.axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
      resultTypes: ["violations"],
    }),
  );
  const bad = found.violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
  return bad.map(({ id, nodes }) => `${name}: axe ${id}: ${nodes[0].html.slice(0, 160)}`);
}

/** A context that is signed in and lets nothing leave the server. */
export async function visitor(browser, base, state, options, faults) {
  const context = await browser.newContext({ ...options, storageState: state });
  await context.route("**/*", (route) => {
    const url = route.request().url();
    if (url.startsWith(base)) return route.continue();
    faults.push(`a request left for ${url.slice(0, 100)}`);
    return route.abort();
  });
  return context;
}

/** Visits every page; gives what is wrong. Where not `all`, light and wide, dark and narrow. */
export async function everyPage(browser, base, state, places, shots, all) {
  const faults = [];
  mkdirSync(shots, { recursive: true });
  const kinds = ["light", "dark"]
    .flatMap((theme) => SIZES.map((size) => ({ theme, size })))
    .filter(({ theme, size }) => all || (theme === "light") === (size.name === "wide"));
  await Promise.all(
    kinds.map(async ({ theme, size }) => {
      const options = { viewport: size, colorScheme: theme, reducedMotion: "reduce" };
      const context = await visitor(browser, base, state, options, faults);
      const page = await context.newPage();
      let at = "";
      page.on("console", (message) => {
        const expected = /status of (403|404)/.test(message.text());
        if (message.type() === "error" && !expected) faults.push(`${at}: console: ${message.text()}`);
      });
      page.on("pageerror", (error) => faults.push(`${at}: ${error}`));
      for (const [name, path, status] of places) {
        at = `${name} ${theme} ${size.name}`;
        const answer = await page.goto(base + path, { waitUntil: "load" });
        if (answer.status() !== status) faults.push(`${at}: status ${answer.status()}`);
        if (theme === "light" && size.name === "wide") {
          const html = await answer.text();
          faults.push(...markupFaults(html).map((fault) => `${name}: ${fault}`));
        }
        faults.push(...(await look(page, at)));
        if (all && (theme === "light") === (size.name === "wide")) {
          faults.push(...(await accessible(page, at)));
        }
        const file = join(shots, `${name}-${theme}-${size.name}.png`);
        await page.screenshot({ path: file, fullPage: all });
      }
      await context.close();
    }),
  );
  return faults;
}
