// Where a command writes: `process`, or what a test collects.

export type Streams = { readonly stdout: Writer; readonly stderr: Writer };

type Writer = { write(text: string): unknown };
