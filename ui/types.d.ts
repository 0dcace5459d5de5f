// Shapes shared by the modules of the page, as global types. Read by the type checker only; the gateway does not
// serve this file.

/** Text of a message, in one of the two forms the gateway sends. */
type Content = string | Array<{ type: string; text?: string; id?: string; name?: string; arguments?: unknown }>;

/** One record of `chat.history`, and the `message` of a `chat` event. */
interface WireMessage {
  role: string;
  content?: Content;
  timestamp?: number;
  provider?: string;
  model?: string;
  stopReason?: string;
  errorMessage?: string;
  toolCallId?: string;
  toolName?: string;
  isError?: boolean;
  details?: unknown;
}

/** Lines of a file. They count from 1 and include both ends. */
interface Lines {
  startLine: number;
  endLine: number;
}

/** Where an answer came from. */
interface Source extends Lines {
  path: string;
  /** What the search brought; it may reach around the cited lines. */
  excerpt?: Lines & { snippet: string };
  /** Named in the text of the answer, not only found. */
  cited: boolean;
}

/** How the configuration files stand to what the gateway works with: `config` in `health`. */
interface ConfigHealth {
  ok: boolean;
  /** What keeps the files from being used, the first ten; in the answer to a client that may administrate. */
  problems?: string[];
  problemCount: number;
  /** Keys that wait for a restart. */
  pending?: string[];
}

/** What became of a changed configuration, for clients that may administrate. */
interface ConfigEvent {
  state: string;
  problems?: string[];
  /** Why it waits for a confirmation. */
  reason?: string;
}

/** The beginning of a tool call. */
interface ToolStart {
  id?: string;
  name?: string;
  args?: any;
}

/** The end of a tool call. */
interface ToolEnd {
  toolCallId?: string;
  isError?: boolean;
  /** `{content, details}`, or nothing when the session is not verbose. */
  result?: any;
}

/** One tool call, as the reader sees it. */
interface ToolLine {
  id: string;
  name: string;
  /** What was asked, for tools that search or read. */
  subject: string;
  state: "running" | "done" | "failed";
  /** Results of a memory search, once known. */
  found?: number;
  /** Why it failed. */
  problem?: string;
}

interface Question {
  kind: "question";
  text: string;
  time?: number;
  state: "sending" | "sent" | "unsent";
  /** Why it was not sent. */
  problem?: string;
}

interface Answer {
  kind: "answer";
  tools: ToolLine[];
  /** As the model wrote it. */
  raw: string;
  /** `raw` without the lines that only cite. */
  text: string;
  /** Results of memory searches. */
  found: Source[];
  /** What is shown under the answer: cited first, then found. */
  sources: Source[];
  provider?: string;
  model?: string;
  time?: number;
  state: "working" | "done" | "stopped" | "failed" | "interrupted";
  /** Why it failed. */
  problem?: string;
}

type Turn = Question | Answer;

/** What the gateway does for one message, from `chat.send` to the last event. */
interface Run {
  /** Also the idempotency key of the `chat.send`. */
  id: string;
  /** Absent for runs that somebody else started. */
  question: Question | null;
  /** The history holds the question already, so it is not shown twice. */
  recorded: boolean;
  answer: Answer;
}

interface SessionRow {
  key: string;
  label?: string;
  displayName?: string;
  derivedTitle?: string;
  lastMessagePreview?: string;
  lastChannel?: string;
  updatedAt?: number | null;
}

interface SessionDefaults {
  defaultAgentId: string;
  mainKey: string;
  mainSessionKey: string;
}

interface Hello {
  server?: { version?: string };
  snapshot?: { sessionDefaults?: SessionDefaults };
  auth?: { deviceToken?: string };
  policy?: { tickIntervalMs?: number };
}

interface ChatEvent {
  runId: string;
  sessionKey: string;
  state: "delta" | "final" | "aborted" | "error";
  message?: WireMessage;
  errorMessage?: string;
}

interface AgentEvent {
  runId: string;
  stream: string;
  data?: ToolEnd & { phase?: string; name?: string; args?: unknown };
}

/** Why the page may not talk to the gateway. */
interface Refusal {
  state: "refused";
  why: "unpaired" | "code" | "token" | "browser" | "other";
  message: string;
}

/** Where the connection stands. */
type Status =
  | { state: "connecting" | "online" }
  | { state: "restarting" | "offline"; message: string }
  | Refusal;

interface Proof {
  kind: "code" | "token";
  value: string;
}

/** A request that waits for its answer. */
interface Pending {
  resolve(payload: any): void;
  reject(error: Error): void;
  timer: number;
}

type Call = (method: string, params: object) => Promise<any>;

/** The device key of this browser. */
interface Identity {
  keys: CryptoKeyPair;
  /** Lower-case hex SHA-256 of the raw public key. */
  deviceId: string;
  /** The raw public key in unpadded base64url. */
  publicKey: string;
}

/** What the device signs when it connects. */
interface ConnectClaims {
  clientId: string;
  clientMode: string;
  role: string;
  scopes: string[];
  /** What goes out in `auth`: the device token or the pairing code. */
  secret: string;
  nonce: string;
}

/** The `error` of a response. */
interface WireError {
  code?: string;
  message?: string;
  retryable?: boolean;
  retryAfterMs?: number;
}

/** Who is told about the connection. */
interface Listener {
  status(status: Status): void;
  hello(hello: Hello): void;
  event(name: string, payload: any): void;
}
