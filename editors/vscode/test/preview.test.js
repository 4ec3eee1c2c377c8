/* The preview is opened at the page, once its server answers, and follows; where that ends instead, its terminal is
shown. */
"use strict"

const assert = require("node:assert")
const http = require("node:http")
const Module = require("node:module")
const { test } = require("node:test")

const done = []
const commands = {}
let terminal
let port
let follow
const vscode = {
  workspace: {
    getConfiguration: () => ({ get: (name) => (name === "previewPort" ? port : ["kb"]) }),
    getWorkspaceFolder: () => undefined,
  },
  window: {
    createTerminal: () => terminal,
    onDidChangeActiveTextEditor: (told) => (follow = told),
    tabGroups: { all: [] },
    withProgress: (_, work) => work(),
  },
  env: { asExternalUri: async (uri) => uri },
  Uri: { parse: (uri) => uri },
  commands: {
    registerCommand: (name, run) => (commands[name] = run),
    executeCommand: async (name, address) => done.push([name, address]),
  },
  ProgressLocation: {},
  ViewColumn: {},
}
class LanguageClient {
  async start() {}
}
const load = Module._load
Module._load = (name, ...rest) =>
  name === "vscode" ? vscode : name === "vscode-languageclient/node" ? { LanguageClient, State: {} } : load(name, ...rest)
require("../extension.js").activate({ subscriptions: [] })

/* Answers as kb serve does. */
function serve(request, answer) {
  const page = request.url.match(/^\/livereload\/page\/.*docs%2F(.*)\.md$/)
  answer.writeHead(page ? 302 : 200, page ? { location: `/w/${page[1]}/` } : {})
  answer.end()
}

const editorOf = (name) => ({ document: { languageId: "markdown", uri: { fsPath: `/wiki/docs/${name}.md` } } })

test("the preview waits for its server", async () => {
  const server = http.createServer(serve)
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready))
  port = server.address().port
  await new Promise((closed) => server.close(closed))
  terminal = { exitStatus: undefined }
  const shown = commands["kb.preview"]()
  await new Promise((later) => setTimeout(later, 400))
  assert.deepStrictEqual(done, [])
  await new Promise((ready) => server.listen(port, "127.0.0.1", ready))
  await shown
  server.closeAllConnections()
  server.close()
  assert.deepStrictEqual(done, [["simpleBrowser.api.open", `http://127.0.0.1:${port}/`]])
})

test("the page is shown, and another one where the preview is in sight", async () => {
  const server = http.createServer(serve)
  await new Promise((ready) => server.listen(port, "127.0.0.1", ready))
  const address = (name) => ["simpleBrowser.api.open", `http://127.0.0.1:${port}/w/${name}/`]
  const go = (name) => follow((vscode.window.activeTextEditor = editorOf(name)))
  vscode.window.activeTextEditor = editorOf("A")
  await commands["kb.preview"]()
  assert.deepStrictEqual(done.splice(1), [address("A")])
  const beside = { isActive: false, activeTab: { input: { viewType: "mainThreadWebview-simpleBrowser.view" } } }
  await go("B") // the preview was closed
  vscode.window.tabGroups.all = [{ isActive: true }, beside]
  await go("A")
  await follow(undefined)
  assert.deepStrictEqual(done.splice(1), [])
  await go("B")
  assert.deepStrictEqual(done.splice(1), [address("B")])
  vscode.window.activeTextEditor = undefined
  server.closeAllConnections()
  server.close()
})

test("a server that ends shows its terminal", async () => {
  let isShown = false
  terminal.exitStatus = { code: 2 } // that of the test before: another is started
  terminal = { exitStatus: undefined, show: () => (isShown = true) }
  const shown = commands["kb.preview"]()
  terminal.exitStatus = { code: 2 }
  await shown
  assert.ok(isShown)
  assert.strictEqual(done.length, 1)
})
