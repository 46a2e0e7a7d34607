// What seed init writes: the files of an adopter's folder. Used by init.ts.
import { packFile, testFile } from './packs.ts';

export interface NewFolder {
  /** In its package.json. */
  name: string;
  /** Seed's, that the folder is made with. */
  version: string;
  /** What package.json says to get Seed. */
  spec: string;
  peers: Readonly<Record<string, string>>;
}

/** The command of its first pack. */
export const HELLO = ['hello', 'greet'] as const;

/** By path, all but package.json. */
export function filesOf({ name, version }: Pick<NewFolder, 'name' | 'version'>): Record<string, string> {
  return {
    'seed.config.ts': CONFIG,
    'packs/hello/pack.ts': packFile(...HELLO),
    'packs/hello/hello.test.ts': testFile(...HELLO),
    'README.md': readme(name, version),
    '.env.example': SETTINGS,
    '.gitignore': 'node_modules/\n.seed/\n.env\n*.log\n',
    'tsconfig.json': `${JSON.stringify(TYPES, null, 2)}\n`,
  };
}

/** What package.json has beside what it already had. */
export function packageList({ name, version, spec, peers }: NewFolder) {
  return {
    name,
    private: true,
    type: 'module',
    scripts: SCRIPTS,
    dependencies: { seed: spec },
    devDependencies: { ...peers },
    seed: { madeWith: version },
  };
}

/** `npm run …` in such a folder. */
export const SCRIPTS = {
  dev: 'seed dev',
  start: 'seed start',
  test: 'seed test',
  doctor: 'seed doctor',
  types: 'tsc',
};

const CONFIG = `// Packs that do not lie in packs/: names of npm packages, or paths of files that export a \`pack\`.
// All other settings come from the environment, or from .env: see .env.example.
import type { SeedConfig } from 'seed/pack';

export default { packs: [] } satisfies SeedConfig;
`;

const TYPES = {
  compilerOptions: {
    target: 'es2024',
    lib: ['esnext'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    noEmit: true,
  },
  include: ['packs', '*.ts'],
};

const SETTINGS = `# Settings of this Seed: copy this file to .env, which is read when Seed starts and stays out of git.
# What the environment has comes before what stands here. All settings: node_modules/seed/docs/running.md

# PORT=3210
# HOST=127.0.0.1

# A language model. Without one, \`scripted\` runs fenced bash blocks and a few instructions it knows by heart.
# OPENROUTER_API_KEY=
# SEED_LLM_BASE_URL=http://127.0.0.1:11434/v1
# SEED_LLM_MODEL=

# Unset: a Postgres of Seed's own, in .seed.
# DATABASE_URL=postgres://user:password@host:5432/database

# Which packs are on; unset: all of packs/ and of seed.config.ts.
# SEED_PACKS=hello

# Of an imported pack: where its platform is, and the credential it is shown.
# SEED_PACK_<NAME>_URL=
# SEED_PACK_<NAME>_TOKEN=
`;

function readme(name: string, version: string): string {
  return `# ${name}

The commands of our platform for [Seed](node_modules/seed/README.md), which hands work to agents in sandboxes.
What is ours lies in this folder; Seed itself is a dependency. Made with Seed ${version}.

\`\`\`sh
npm install
npm run dev       # starts Seed, and takes packs anew whenever a file of theirs changes
npm test          # checks every pack and runs the tests
npm start         # starts Seed
npm run doctor    # says what works on this machine
npm run types     # checks types
\`\`\`

The first start shows an admin key, once. The CLI is \`npx --no-install seed\`; with \`alias seed="npx --no-install seed"\`:

\`\`\`sh
seed login
seed hello greet world
seed tasks run "Greet the world"
seed packs new acme                                # another pack
seed packs import openapi.json --name acme         # one whose commands are a platform's operations
\`\`\`

| file             | what it is                                              |
| ---------------- | ------------------------------------------------------- |
| \`packs/\`         | our commands, a folder for each pack, with their tests  |
| \`seed.config.ts\` | packs that come from elsewhere                          |
| \`.env.example\`   | settings; copy it to \`.env\`                             |
| \`.seed/\`         | the data folder: database, files, sandboxes; not in git |

## Upgrading

\`\`\`sh
npm install seed@<version>                    # or the path of a newer package
npx --no-install seed upgrade --check         # what changed, and whether packs and settings still hold
\`\`\`

An upgrade changes none of these files but the version in \`package.json\`. Documentation: [node_modules/seed/docs](node_modules/seed/docs).
`;
}
