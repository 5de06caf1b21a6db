/**
 * Bounds of inference over HTTP. A batch is the longest time that one piece of work holds the thread, so its rows are
 * what keeps other routes quick; the rest bounds memory.
 */
export const INFERENCE_LIMITS = {
  /** Bytes of a request's body. */
  bodyBytesMax: 4 * 1024 * 1024,
  /** Tensors that go in, and tensors that are asked for. */
  tensorsMax: 16,
  /** Dimensions of a tensor, and numbers in it. */
  dimensionsMax: 8,
  elementsMax: 1_000_000,
  /** Characters of a request's id and of a name. */
  wordCharsMax: 256,
  /** Rows of one request, and of one batch. */
  rowsMax: 512,
  /** How long a request waits for company. */
  waitMsMax: 5,
  /** Rows that may wait, of all models together. */
  queuedRowsMax: 4_096,
  /** Models kept loaded, and bytes of their files: what is loaded takes two to three times that. */
  loadedMax: 16,
  loadedBytesMax: 16 * 1024 * 1024,
} as const;
