// What relay.ts tells of each call of a guest to the server, so that it is known when all that the sandbox runs
// waits for people.

/** One call of the guest to the server. */
export interface GuestCall {
  /** It waits for people from now on. */
  waits(): void;
  /** It does no longer. Resolves when the sandbox is awake, and can take an answer. */
  works(): Promise<void>;
  end(): void;
}

export interface CallWaits {
  /** @param poll the id of the approval that it only asks about: it waits from its beginning */
  call(poll?: string): GuestCall;
  /** A request that is answered here is being read: the sandbox is not put to sleep in its middle. */
  busy(): () => void;
  isAsleep(): boolean;
  /** The answer to a poll says that people have not decided yet: the next poll is part of the same wait. */
  willPollAgain(approvalId: string): void;
}
