// Draws made-up characters, each with several expressions, from DiceBear's openly licensed styles.
//
// Usage: node avatars.mjs OUT CHARACTERS FACES
// Needs: npm install @dicebear/core@9.4.3 @dicebear/collection@9.4.3 @resvg/resvg-js
//
// A character keeps hair, head, colours and clothes; eyes, mouth, brows and gesture change. The
// pictures of one character are what training calls one label.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createAvatar } from '@dicebear/core';
import * as styles from '@dicebear/collection';
import { Resvg } from '@resvg/resvg-js';

const [, , out, characters, faces] = process.argv;
const OPEN = new Set(['CC0 1.0', 'CC BY 4.0']);
const DRAWN = [
  'adventurer', 'bigEars', 'bigSmile', 'croodles', 'dylan', 'lorelei', 'micah', 'miniavs',
  'notionists', 'openPeeps', 'personas', 'pixelArt', 'toonHead',
];
const EXPRESSION = new Set([
  'eyes', 'mouth', 'eyebrows', 'brows', 'lips', 'mood', 'gesture', 'blushes', 'cheek', 'features',
  'seed', 'mouthColor', 'eyeShadowColor',
]);
const FACE_ONLY = { openPeeps: ['face'] };

const rows = ['file,package,style,author,licence,character'];
for (const name of DRAWN) {
  const style = styles[name];
  const { license, creator } = style.meta;
  if (!OPEN.has(license.name)) throw new Error(`${name} is not openly licensed`);
  const properties = style.schema.properties;
  mkdirSync(`${out}/${name}`, { recursive: true });
  for (let character = 0; character < Number(characters); character += 1) {
    const first = createAvatar(style, { seed: `${name}-${character}` }).toJson().extra;
    const changing = new Set([...EXPRESSION, ...(FACE_ONLY[name] ?? [])]);
    const kept = {};
    for (const [key, schema] of Object.entries(properties)) {
      if (key.endsWith('Probability')) {
        const part = key.slice(0, -'Probability'.length);
        if (!changing.has(part)) kept[key] = first[part] === undefined ? 0 : 100;
      } else if (schema.type === 'array' && !changing.has(key)) {
        const value = first[key];
        if (typeof value === 'string') kept[key] = [value.replace(/^#/, '')];
      }
    }
    for (let face = 0; face < Number(faces); face += 1) {
      const options = { ...kept, seed: `${name}-${character}-${face}`, backgroundColor: [] };
      const svg = createAvatar(style, options).toString();
      const png = new Resvg(svg, { fitTo: { mode: 'width', value: 224 } }).render().asPng();
      const file = `${name}/${character}-${face}.png`;
      writeFileSync(`${out}/${file}`, png);
      rows.push([file, '@dicebear/collection 9.4.3', name, creator, license.name,
        `${name}-${character}`].map((cell) => `"${cell}"`).join(','));
    }
  }
}
writeFileSync(`${out}/avatars.csv`, rows.join('\n') + '\n');
