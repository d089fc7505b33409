import ts from 'typescript';
import type { Finding, SourceText } from './finding.ts';

/** DESIGN §12 style 10, from the line of `function` (or of the parameters) to the closing brace. */
export const MAX_FUNCTION_LINES = 70;

const SCRIPT = /\.(ts|tsx|js|cjs|mjs)$/;
const TEST = /\.(test|e2e)\.tsx?$/;

type Check = (node: ts.Node, file: ts.SourceFile) => string | undefined;

/** Everything that only the syntax tree can tell; text that is no script has no findings. */
export function findInSyntax({ path, text }: SourceText): Finding[] {
  if (!SCRIPT.test(path)) return [];
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const checks: Check[] = [longFunction, emptyCatch, ignoredRejection];
  if (TEST.test(path)) checks.push(skippedTest, sleep);
  const findings: Finding[] = [];
  const visit = (node: ts.Node): void => {
    for (const check of checks) {
      const message = check(node, file);
      if (message !== undefined) findings.push({ path, line: lineOf(node.getStart(file), file), message });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return findings;
}

function lineOf(position: number, file: ts.SourceFile): number {
  return file.getLineAndCharacterOfPosition(position).line + 1;
}

function longFunction(node: ts.Node, file: ts.SourceFile): string | undefined {
  if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return undefined;
  // The callback of describe() is a chapter of tests, not a function.
  if (ts.isCallExpression(node.parent) && /^describe\b/.test(node.parent.expression.getText(file))) return undefined;
  const lines = lineOf(node.end, file) - lineOf(node.getStart(file), file) + 1;
  if (lines <= MAX_FUNCTION_LINES) return undefined;
  return `a function of ${String(lines)} lines; it has at most ${String(MAX_FUNCTION_LINES)}`;
}

function emptyCatch(node: ts.Node, file: ts.SourceFile): string | undefined {
  if (!ts.isCatchClause(node) || !isSilent(node.block, file)) return undefined;
  return 'an empty catch: handle the error, or say in a comment why it does not matter';
}

/** `.catch(() => {})`, `.catch(() => undefined)` and the like, with no comment in or over the statement. */
function ignoredRejection(node: ts.Node, file: ts.SourceFile): string | undefined {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return undefined;
  const [handler] = node.arguments;
  if (node.expression.name.text !== 'catch' || handler === undefined || !ts.isArrowFunction(handler)) return undefined;
  const { body } = handler;
  const silent = ts.isBlock(body) ? isSilent(body, file) : /^(undefined|null|void 0)$/.test(body.getText(file));
  if (!silent || hasComment(node, file)) return undefined;
  return 'a rejection is dropped: handle it, or say in a comment why it does not matter';
}

function isSilent(block: ts.Block, file: ts.SourceFile): boolean {
  return block.statements.length === 0 && !/\/[/*]/.test(block.getText(file));
}

/** Whether the statement around a node has a comment directly over it or inside it. */
function hasComment(node: ts.Node, file: ts.SourceFile): boolean {
  let statement = node;
  while (!ts.isBlock(statement.parent) && !ts.isSourceFile(statement.parent)) statement = statement.parent;
  const end = file.getLineEndOfPosition(statement.end);
  return /(^|\s)\/[/*]/.test(file.text.slice(statement.getFullStart(), end));
}

function skippedTest(node: ts.Node, file: ts.SourceFile): string | undefined {
  if (!ts.isPropertyAccessExpression(node)) return undefined;
  const word = node.name.text;
  if (!/^(test|it|describe|suite|ctx|context)\b/.test(node.expression.getText(file))) return undefined;
  if (word === 'only') return 'only this test would run: the others are forgotten';
  if (['skip', 'todo', 'fixme', 'fails'].includes(word))
    return 'a skipped test proves nothing: make it pass or remove it';
  // Namespaces need root; every other need is installed by the bootstrap, so a condition would only hide its absence.
  const conditional = word === 'skipIf' || word === 'runIf';
  if (conditional && !file.fileName.endsWith('.hosts.test.ts')) return 'a test that runs on some machines only';
  return undefined;
}

/** A test that sleeps is slow on a fast machine and red on a slow one; it waits for a state with a deadline. */
function sleep(node: ts.Node, file: ts.SourceFile): string | undefined {
  const message = 'a sleep in a test: wait for a state with a deadline';
  if (ts.isImportDeclaration(node)) {
    return /^['"](node:)?timers\/promises['"]$/.test(node.moduleSpecifier.getText(file)) ? message : undefined;
  }
  if (!ts.isCallExpression(node)) return undefined;
  const called = node.expression.getText(file);
  if (/(^|\.)(waitForTimeout|sleep|delay)$/.test(called)) return message;
  if (!/(^|\.)setTimeout$/.test(called)) return undefined;
  return resolvesPromise(node, file) ? message : undefined;
}

/** Whether a timer's callback is, or calls, the `resolve` of the promise that is being made around it. */
function resolvesPromise(timer: ts.CallExpression, file: ts.SourceFile): boolean {
  const [callback] = timer.arguments;
  if (callback === undefined) return false;
  for (let outer: ts.Node = timer.parent; !ts.isSourceFile(outer); outer = outer.parent) {
    if (!ts.isNewExpression(outer) || outer.expression.getText(file) !== 'Promise') continue;
    const executor = outer.arguments?.[0];
    if (executor === undefined || !ts.isFunctionLike(executor)) return false;
    const resolve = executor.parameters[0]?.name.getText(file);
    return resolve !== undefined && new RegExp(`\\b${resolve}\\b`).test(callback.getText(file));
  }
  return false;
}
