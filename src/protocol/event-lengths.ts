// How long the names in an agent's event may be. Apart from the schemas, for the guest, which checks without them.

/** Longer ones are shortened so that they stay apart (lib/kept-event.ts): no event is refused because of an id. */
export const CALL_ID_LENGTH = 200;
export const TOOL_NAME_LENGTH = 100;
