// Makes dist/ of src/: `npm ci && npm run build`, or `./build.sh console`.
// What is made depends on src/ and package-lock.json alone, to the byte.

import { readFile, rm, mkdir, writeFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { gzipSync } from 'fflate';

const top = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(top, 'dist');


async function bundle() {
    const { outputFiles, metafile } = await esbuild.build({
        absWorkingDir: top,
        entryPoints: { console: 'src/main.js' },
        bundle: true, minify: true, charset: 'utf8', legalComments: 'none',
        format: 'iife', target: 'es2023', metafile: true, write: false,
        outdir: 'dist',
    });

    return {
        files: outputFiles.map(({ path, contents }) =>
            [path.slice(path.lastIndexOf('/') + 1), contents]),
        inputs: Object.keys(metafile.inputs),
    };
}


// of each package whose code is in the bundle: name, version, licence

async function licences(inputs) {
    const names = new Set(inputs
        .map(path => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1])
        .filter(Boolean));
    const texts = [];

    for (const name of [...names].sort()) {
        const dir = join(top, 'node_modules', name);
        const { version, license } = JSON.parse(
            await readFile(join(dir, 'package.json'), 'utf8'));
        const file = (await readdir(dir)).find(f => /^licen[cs]e/i.test(f));
        const text = await readFile(join(dir, file), 'utf8');

        texts.push(`${name} ${version}, ${license}\n\n${text.trim()}\n`);
    }

    return 'console.js and console.css contain these packages.\n\n'
        + texts.join(`\n${'-'.repeat(72)}\n\n`);
}


const { files, inputs } = await bundle();

files.push(['LICENSES.txt', Buffer.from(await licences(inputs))]);

for (const name of ['index.html', 'icon.svg']) {
    files.push([name, await readFile(join(top, 'src', name))]);
}

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });

for (const [name, contents] of files.sort(([a], [b]) => (a < b ? -1 : 1))) {
    const packed = gzipSync(contents, { level: 9, mtime: 0 });

    await writeFile(join(out, name), contents);
    await writeFile(join(out, `${name}.gz`), packed);
    console.log(`${name} ${contents.length}, compressed ${packed.length}`);
}
