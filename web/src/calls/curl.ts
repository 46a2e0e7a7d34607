// A request to Seed as a curl command line, with the key in a variable of the shell.
import { quoted } from './shell-word.ts';

interface CurlRequest {
  method: string;
  url: string;
  /** The body; null: there is none. */
  json: string | null;
  /** Names of files to send along: the body is then a form, whose part `task` is the JSON. */
  files?: readonly string[];
  /** More options, each as it stands. */
  options?: readonly string[];
}

export function curlOf({ method, url, json, files = [], options = [] }: CurlRequest): string {
  const sendsForm = files.length > 0;
  // What curl takes by itself is not written.
  const isImplied = method === 'GET' || (method === 'POST' && (json !== null || sendsForm));
  return [
    `curl ${isImplied ? '' : `-X ${method} `}"${url}"`,
    '-H "Authorization: Bearer $SEED_API_KEY"',
    ...(sendsForm
      ? // Literally: in -F a semicolon would begin something else.
        [
          `--form-string ${quoted(`task=${json ?? '{}'}`)}`,
          ...files.map((file) => `-F ${quoted(`file=@${fileWord(file)}`)}`),
        ]
      : json === null
        ? []
        : ['-H "Content-Type: application/json"', `-d ${quoted(json)}`]),
    ...options,
  ].join(' \\\n  ');
}

/** curl reads `;` and `,` as the end of a name that has no quotation marks. */
function fileWord(file: string): string {
  return /[;,"\\]/.test(file) ? `"${file.replace(/["\\]/g, '\\$&')}"` : file;
}
