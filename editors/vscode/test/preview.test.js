/* The preview is opened once its server answers; where that ends instead, its terminal is shown. */
"use strict"

const assert = require("node:assert")
const http = require("node:http")
const Module = require("node:module")
const { test } = require("node:test")

const done = []
const commands = {}
let terminal
let port
const vscode = {
  workspace: {
    getConfiguration: () => ({ get: (name) => (name === "previewPort" ? port : ["kb"]) }),
    getWorkspaceFolder: () => undefined,
  },
  window: {
    createTerminal: () => terminal,
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

test("the preview waits for its server", async () => {
  const server = http.createServer((_, answer) => answer.end())
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
