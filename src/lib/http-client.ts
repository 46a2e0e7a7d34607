// undici's client for those who load it when they have something to ask: `await import` of this file. It is named
// here because a bundle finds the names of a CommonJS package by a static import alone.
export { request } from 'undici';
