// Where a command writes: `process`, or a test's buffer.

export type Streams = { readonly stdout: Writer; readonly stderr: Writer };

type Writer = { write(text: string): unknown };
