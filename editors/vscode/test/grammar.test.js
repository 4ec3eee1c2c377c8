/* The grammar, injected into Markdown's as VS Code does it. */
"use strict"

const assert = require("node:assert")
const fs = require("node:fs")
const { test } = require("node:test")
const oniguruma = require("vscode-oniguruma")
const textmate = require("vscode-textmate")

const GRAMMARS = {
  "text.html.markdown": require.resolve("tm-grammars/grammars/markdown.json"),
  "markdown.kb.injection": require.resolve("../syntaxes/kb.json"),
}

const engine = oniguruma.loadWASM(fs.readFileSync(require.resolve("vscode-oniguruma/release/onig.wasm")).buffer).then(() => ({
  createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
  createOnigString: (text) => new oniguruma.OnigString(text),
}))
const registry = new textmate.Registry({
  onigLib: engine,
  loadGrammar: async (scope) =>
    GRAMMARS[scope] ? textmate.parseRawGrammar(fs.readFileSync(GRAMMARS[scope], "utf8"), GRAMMARS[scope]) : null,
  getInjections: (scope) => (scope === "text.html.markdown" ? ["markdown.kb.injection"] : []),
})

/* The pieces of a text that kb's grammar names, each with its last scope. */
async function coloured(text) {
  const grammar = await registry.loadGrammar("text.html.markdown")
  const found = []
  let state = textmate.INITIAL
  for (const line of text.split("\n")) {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, state)
    state = ruleStack
    for (const { startIndex, endIndex, scopes } of tokens)
      if (scopes.at(-1).endsWith(".kb")) found.push([line.slice(startIndex, endIndex), scopes.at(-1).replace(/\.kb$/, "")])
  }
  return found
}

const [BRACKET, NAME, BAR, LABEL] = [
  "punctuation.definition.link",
  "entity.name.reference",
  "punctuation.separator",
  "string.other.link.title",
]

test("a wikilink with a section and a label", async () => {
  assert.deepStrictEqual(await coloured("See [[Tensor#Shape|세모]]."), [
    ["[[", BRACKET],
    ["Tensor", NAME],
    ["#Shape", "entity.name.section"],
    ["|", BAR],
    ["세모", LABEL],
    ["]]", BRACKET],
  ])
})

test("in a table the bar is escaped", async () => {
  const found = await coloured("| a | b |\n|---|---|\n| [[A\\|b]] | c |")
  assert.deepStrictEqual(found.slice(1, 4), [
    ["A", NAME],
    ["\\|", BAR],
    ["b", LABEL],
  ])
})

for (const text of ["`[[code]]`", "```python\na = [[1]]\n```", "<!-- [[hidden]] -->", "[[]", "[a](b)"])
  test(`no wikilink: ${JSON.stringify(text)}`, async () => assert.deepStrictEqual(await coloured(text), []))

test("annotations", async () => {
  assert.deepStrictEqual(await coloured('<!-- snippet: #one device="cuda" .skip -->').then((all) => all.filter(([text]) => text.trim() && !/^(<!--|-->|=)/.test(text))), [
    ["snippet:", "keyword.control"],
    ["#one", "entity.other.attribute-name"],
    ["device", "variable.parameter"],
    ['"cuda"', "string.quoted.double"],
    [".skip", "entity.other.attribute-name"],
  ])
  assert.ok((await coloured("<!-- kb: ignore[broken-link] -->")).some(([text]) => text === "kb: ignore"))
})
