// From wire records to what a reader sees: questions, and answers with their tools and sources. Pure functions.

import { mergeSources, searchResults, splitCitations } from "./sources.js";

/** What the gateway adds around a message for the model: a time stamp before it, an id line after it. */
const ENVELOPE = /^\[[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d[^\]]*\] |\s*\[message_id: [^\]\n]*\]?\s*$/g;

/** @param {string} text */
export function withoutEnvelope(text) {
  return text.replace(ENVELOPE, "").trim();
}

/** @param {Content} [content] */
export function plainText(content = "") {
  if (typeof content === "string") return content;
  return content.flatMap((block) => (block.type === "text" && block.text ? [block.text] : [])).join("\n\n");
}

/** @param {Answer["state"]} state @returns {Answer} */
export function emptyAnswer(state) {
  return { kind: "answer", tools: [], raw: "", text: "", found: [], sources: [], state };
}

/** Everything the agent did between two questions is one answer. @param {WireMessage[]} messages oldest first */
export function turnsFromHistory(messages) {
  /** @type {Turn[]} */
  const turns = [];
  for (const message of messages) {
    const { role, content, timestamp } = message;
    const last = turns.at(-1);
    if (role === "user") {
      turns.push({ kind: "question", text: withoutEnvelope(plainText(content)), time: timestamp, state: "sent" });
    } else if (role === "assistant" || role === "toolResult") {
      const answer = last?.kind === "answer" ? last : emptyAnswer("done");
      if (answer !== last) turns.push(answer);
      if (role === "assistant") addAssistant(answer, message);
      else toolEnded(answer, { ...message, result: message });
    }
  }
  return turns;
}

/** @param {Answer} answer @param {WireMessage} message */
function addAssistant(answer, message) {
  const { content, provider, model, timestamp, stopReason } = message;
  for (const block of Array.isArray(content) ? content : []) {
    if (block.type === "toolCall") toolStarted(answer, { ...block, args: block.arguments });
  }
  setText(answer, [answer.raw, plainText(content)].filter(Boolean).join("\n\n"));
  answer.provider = provider ?? answer.provider;
  answer.model = model ?? answer.model;
  answer.time = timestamp;
  answer.state = stopReason === "aborted" ? "stopped" : stopReason === "error" ? "failed" : "done";
  answer.problem = message.errorMessage;
}

/** @param {Answer} answer @param {string} text the whole text so far */
export function setText(answer, text) {
  const { text: shown, cited } = splitCitations(text);
  answer.raw = text;
  answer.text = shown;
  answer.sources = mergeSources([...cited, ...answer.found]);
}

/** @param {Answer} answer @param {ToolStart} start */
export function toolStarted(answer, { id = "", name = "a tool", args }) {
  const subject = args?.query ?? args?.path ?? args?.url ?? args?.command ?? "";
  answer.tools.push({ id, name, subject: String(subject), state: "running" });
}

/** @param {Answer} answer @param {ToolEnd} end */
export function toolEnded(answer, { toolCallId, isError, result }) {
  const tool = answer.tools.find((known) => known.id === toolCallId);
  if (!tool) return;
  tool.state = isError ? "failed" : "done";
  if (tool.name !== "memory_search" || !result) return;
  const { sources, problem } = searchResults(result);
  if (problem) tool.state = "failed";
  tool.problem = problem;
  tool.found = sources.length;
  answer.found.push(...sources);
  setText(answer, answer.raw);
}

/** @param {ToolLine} tool @returns {string} for example `Searched memory for “falcon”: 3 passages` */
export function describeTool({ name, subject, state, found, problem }) {
  const failure = state === "failed" ? ` failed. ${problem ?? ""}` : "";
  if (name !== "memory_search") return `${state === "running" ? "Using" : "Used"} ${name} ${subject}${failure}`;
  const search = `memory${subject && ` for “${subject}”`}`;
  if (failure) return `Searching ${search}${failure}`;
  if (state === "running") return `Searching ${search} …`;
  const count = found === 0 ? ": nothing found" : found === 1 ? ": 1 passage" : `: ${found} passages`;
  return `Searched ${search}${found === undefined ? "" : count}`;
}
