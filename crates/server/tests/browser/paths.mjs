// What people do: with the keyboard alone, and without script.

import { strictEqual, ok } from "node:assert";
import { visitor } from "./pages.mjs";

/** Tab until something is focused. */
async function tabTo(page, what, matches) {
  for (let step = 0; step < 150; step++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(matches, what)) return;
  }
  throw new Error(`the keyboard does not reach: ${what}`);
}

const hasText = (what) => document.activeElement?.textContent?.trim().startsWith(what);

/** From the models in production to an approval, by keys alone. */
export async function keyboard(browser, base, state, model, faults) {
  const context = await visitor(browser, base, state, { viewport: { width: 1280, height: 900 } }, faults);
  const page = await context.newPage();
  await page.goto(`${base}/`);
  await page.keyboard.press("Tab");
  ok(await page.evaluate(hasText, "Skip to the content"), "the skip link comes first");
  await page.keyboard.press("/");
  await page.keyboard.type(model);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/search?**");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/models/**");
  await tabTo(page, "checks, policy, approvals", hasText);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/weighings/**");
  await tabTo(page, "comment", (name) => document.activeElement?.name === name);
  await page.keyboard.type("looked at it with the keyboard");
  await tabTo(page, "Approve", hasText);
  await page.keyboard.press("Enter");
  await page.waitForLoadState("load");
  const told = await page.locator("aside .timeline").first().innerText();
  ok(told.includes("approved") && told.includes("looked at it with the keyboard"), told);
  await page.goto(`${base}/model?name=${encodeURIComponent(model)}#lineage`);
  await page.locator(".graph a.box").first().focus();
  await page.keyboard.press("ArrowRight");
  const second = await page.locator(".graph a.box").nth(1).evaluate((box) => box === document.activeElement);
  ok(second, "arrow keys walk the graph");
  await context.close();
}

/** A filter replaces the list without a load, and the address tells it. */
export async function filters(browser, base, state, faults) {
  const context = await visitor(browser, base, state, {}, faults);
  const page = await context.newPage();
  await page.goto(`${base}/findings`);
  await page.evaluate(() => (window.kept = true));
  await page.selectOption("#severity", "critical");
  await page.waitForURL("**severity=critical**");
  ok(await page.evaluate(() => window.kept), "the page was not loaded anew");
  const severities = await page.locator("#list tbody .badge").allInnerTexts();
  ok(severities.length > 0 && severities.every((word) => word.includes("critical")), `${severities}`);
  await context.close();
}

/** From a plot to the replies behind it, by keys, and a search in them with script and without. */
export async function replies(browser, base, state, run, faults) {
  const context = await visitor(browser, base, state, { viewport: { width: 400, height: 800 } }, faults);
  const page = await context.newPage();
  await page.goto(`${base}/behaviour/${run}`);
  const rows = await page.locator(".forest li").allInnerTexts();
  for (const word of ["pass", "fail", "inconclusive", "no gate"]) {
    ok(rows.some((row) => row.includes(word)), `a row says ${word}: ${rows}`);
  }
  await page.locator(".forest a", { hasText: "assistants/leaks" }).first().focus();
  await page.keyboard.press("Enter");
  await page.waitForURL("**#probe-*");
  await page.locator("tr:target a").first().click();
  await page.waitForURL("**/replies?probe=assistants%2Fleaks");
  await page.evaluate(() => (window.kept = true));
  await page.fill("#search", "know that YOURSELF");
  await page.waitForURL("**search=know**");
  ok(await page.evaluate(() => window.kept), "the page was not loaded anew");
  const found = await page.locator("#list article").count();
  const marked = await page.locator("#list article", { hasText: "you should know that yourself" }).count();
  ok(found > 0 && found === marked, `${found} found, ${marked} of them with the words`);
  await context.close();

  const options = { javaScriptEnabled: false };
  const without = await visitor(browser, base, state, options, faults);
  const plain = await without.newPage();
  await plain.goto(`${base}/behaviour/${run}/replies`);
  await plain.selectOption("#only", "differs");
  await plain.locator("main button", { hasText: "Search" }).click();
  ok(plain.url().includes("only=differs"), plain.url());
  const both = await plain.locator("#list article").first().innerText();
  ok(both.includes("The copy's reply") && both.includes("The original's reply"), both);
  await plain.locator("#list article a").first().click();
  ok(/replies\/\d+$/.test(plain.url()), plain.url());
  await without.close();
}

/** Everything that changes something, with script off. */
export async function withoutScript(browser, base, token, weighing, faults) {
  const context = await visitor(browser, base, undefined, { javaScriptEnabled: false }, faults);
  const page = await context.newPage();
  await page.goto(`${base}/weighings/${weighing}`);
  ok(page.url().includes("/sign-in"), "strangers are asked to sign in");
  await page.fill("#token", "wrong");
  await page.click("button");
  ok((await page.locator("[role=alert]").innerText()).length > 0, "a wrong token is told");
  await page.fill("#token", token);
  await page.click("button");
  strictEqual(page.url(), `${base}/weighings/${weighing}`);

  await page.locator(".who button", { hasText: "Dark" }).first().click();
  strictEqual(await page.locator("html").getAttribute("class"), "dark");
  await page.locator(".who button", { hasText: "System" }).first().click();

  const finding = page.locator("article.finding").first();
  await finding.locator("summary", { hasText: "ask for a waiver" }).click();
  await finding.locator("textarea").fill("our own layer, <b>reviewed</b>");
  await finding.locator("button", { hasText: "Ask" }).click();
  ok(page.url().includes("/decisions#waiver-"), page.url());
  const waiver = page.locator("section.card", { hasText: "our own layer, <b>reviewed</b>" });
  strictEqual(await waiver.count(), 1);
  strictEqual(await waiver.locator("button", { hasText: "Approve" }).count(), 0);

  await page.locator("button", { hasText: "Approve the waiver" }).first().click();
  ok(page.url().includes("/decisions?state=all"), page.url());

  await page.goto(`${base}/findings`);
  await page.selectOption("#severity", "critical");
  await page.locator("main button", { hasText: "Filter" }).click();
  ok(page.url().includes("severity=critical"), page.url());

  await page.goto(`${base}/settings/tokens`);
  await page.fill("#principal", "zoe");
  await page.click("text=Make the token");
  ok((await page.locator(".note.good").innerText()).includes("wb_"), "the token is shown");
  await page.goto(`${base}/settings/tokens`);
  strictEqual(await page.locator("text=wb_").count(), 0, "once");

  await page.goto(`${base}/settings/owners`);
  const row = page.locator("tbody tr").first();
  await row.locator("summary").click();
  await row.locator("input[name=owner]").fill("zoe");
  await row.locator("button").click();
  ok(page.url().includes("/models/"), page.url());

  await page.locator("button", { hasText: "Sign out" }).first().click();
  await page.goto(`${base}/`);
  ok(page.url().includes("/sign-in"), "signed out");
  await context.close();
}
