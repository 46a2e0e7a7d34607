// Node's own modules without their `import`: that reads every export of theirs, some of which load much more
// (measured: node:http 30 ms, node:util 4 ms, node:fs 3 ms, where an empty program takes 26 ms).

export const fs = process.getBuiltinModule('node:fs');
export const { parseArgs } = process.getBuiltinModule('node:util');

// Loaded when they are called for.
export const loadHttp = () => process.getBuiltinModule('node:http');
export const loadChildProcess = () => process.getBuiltinModule('node:child_process');
export const loadCrypto = () => process.getBuiltinModule('node:crypto');
export const loadStream = () => process.getBuiltinModule('node:stream');
export const loadHttps = () => process.getBuiltinModule('node:https');
