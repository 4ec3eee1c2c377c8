/* Starts `kb lsp` and adds what only VS Code can show: the preview of `kb serve` beside the text. */
"use strict"

const vscode = require("vscode")
const { LanguageClient, State } = require("vscode-languageclient/node")

let client
let preview
let shown

const setting = (name) => vscode.workspace.getConfiguration("kb").get(name)

/* Code is run as it is on disk. */
async function saveFirst(name, args, next) {
  if (name === "kb.run" || name === "kb.update") {
    const page = vscode.workspace.textDocuments.find((document) => document.uri.toString() === args[0])
    if (page && page.isDirty) await page.save()
  }
  return next(name, args)
}

async function start() {
  const [program, ...args] = setting("command")
  client = new LanguageClient(
    "kb",
    "kb",
    { command: program, args: [...args, "lsp"] },
    {
      documentSelector: [{ scheme: "file", language: "markdown" }],
      middleware: { executeCommand: saveFirst },
    },
  )
  try {
    await client.start()
  } catch (error) {
    const choice = await vscode.window.showErrorMessage(
      `kb cannot be started as "${program}": ${error.message}. Install kbtools, or set kb.command.`,
      "Open the setting",
    )
    if (choice) await vscode.commands.executeCommand("workbench.action.openSettings", "kb.command")
  }
}

async function restart() {
  if (client && client.state !== State.Stopped) await client.stop()
  await start()
}

async function runPage() {
  const editor = vscode.window.activeTextEditor
  if (!editor || editor.document.languageId !== "markdown") return
  await vscode.commands.executeCommand("kb.run", editor.document.uri.toString(), "")
}

/* A terminal that runs the program itself, without a shell: nothing in a setting or a path is interpreted. */
function serve(port) {
  const [program, ...args] = setting("command")
  const page = vscode.window.activeTextEditor
  const folder = page && vscode.workspace.getWorkspaceFolder(page.document.uri)
  return vscode.window.createTerminal({
    name: "kb serve",
    shellPath: program,
    shellArgs: [...args, "serve", "--port", String(port)],
    cwd: folder && folder.uri,
    isTransient: true,
  })
}

/* Whether the preview answers. Its first build may take minutes; the terminal says how far it is. */
async function answers(port, terminal) {
  while (terminal.exitStatus === undefined) {
    try {
      await fetch(`http://127.0.0.1:${port}/`)
      return true
    } catch {
      await new Promise((done) => setTimeout(done, 250))
    }
  }
  return false
}

/* The address of a page, which the preview knows; that of the wiki's start for what is not a page of it. */
async function addressOf(document, port) {
  const home = `http://127.0.0.1:${port}/`
  if (!document || document.languageId !== "markdown") return home
  return (await fetch(`${home}livereload/page/${encodeURIComponent(document.uri.fsPath)}`, { method: "HEAD" })).url
}

async function open(address, options) {
  shown = address
  const there = await vscode.env.asExternalUri(vscode.Uri.parse(address))
  await vscode.commands.executeCommand("simpleBrowser.api.open", there, { preserveFocus: true, ...options })
}

/* Another page is shown where the preview is in sight beside the text, and not in the place of what was just opened. */
async function follow(editor) {
  if (!editor || editor.document.languageId !== "markdown" || !preview || preview.exitStatus !== undefined) return
  const isPreview = (tab) => Boolean(tab && tab.input && /simpleBrowser/.test(tab.input.viewType))
  if (!vscode.window.tabGroups.all.some((group) => !group.isActive && isPreview(group.activeTab))) return
  const address = await addressOf(editor.document, setting("previewPort")).catch(() => shown)
  if (address !== shown && editor === vscode.window.activeTextEditor) await open(address)
}

async function showPreview() {
  const page = vscode.window.activeTextEditor
  const port = setting("previewPort")
  if (!preview || preview.exitStatus !== undefined) preview = serve(port)
  const terminal = preview
  const isServed = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: "kb serve" },
    () => answers(port, terminal),
  )
  if (!isServed) return terminal.show()
  await open(await addressOf(page && page.document, port), { viewColumn: vscode.ViewColumn.Beside })
}

exports.activate = async (context) => {
  context.subscriptions.push(
    vscode.commands.registerCommand("kb.preview", showPreview),
    vscode.commands.registerCommand("kb.runPage", runPage),
    vscode.commands.registerCommand("kb.restart", restart),
    vscode.window.onDidChangeActiveTextEditor(follow),
  )
  await start()
}

exports.deactivate = () => client && client.stop()
