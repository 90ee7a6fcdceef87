import { createHash, generateKeyPairSync, sign } from 'node:crypto';

/** A self-signed certificate for tests, made on the spot so that no private key lies in the repository. */
export interface TestCertificate {
  /** PEM. */
  readonly key: string;
  /** PEM. */
  readonly cert: string;
  /** SHA-256 of the certificate, upper-case hex with colons, as `getPeerCertificate().fingerprint256` spells it. */
  readonly fingerprint256: string;
  /** SHA-256 of the public key (SubjectPublicKeyInfo), base64. */
  readonly spkiSha256: string;
}

/** DER, X.690: a tag, a length, the contents. */
function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  if (body.length < 128) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const hex = body.length.toString(16);
  const length = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body]);
}

const SEQUENCE = 0x30;
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const ECDSA_WITH_SHA256 = der(SEQUENCE, hex('06 08 2a 86 48 ce 3d 04 03 02'));
const COMMON_NAME = hex('06 03 55 04 03');
const SUBJECT_ALT_NAME = hex('06 03 55 1d 11');
const BASIC_CONSTRAINTS = hex('06 03 55 1d 13');

/** Makes a certificate for the given host names and IPv4 addresses (RFC 5280), valid from 2020 to 2049. */
export function makeTestCertificate(names: readonly string[]): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const name = der(SEQUENCE, der(0x31, der(SEQUENCE, COMMON_NAME, der(0x0c, Buffer.from('gatehouse test')))));
  const validity = der(SEQUENCE, der(0x17, Buffer.from('200101000000Z')), der(0x17, Buffer.from('491231235959Z')));
  const altNames = der(SEQUENCE, SUBJECT_ALT_NAME, der(0x04, der(SEQUENCE, ...names.map(generalName))));
  // CA: true, so that a client may trust this very certificate as its root.
  const constraints = der(SEQUENCE, BASIC_CONSTRAINTS, der(0x01, hex('ff')), der(0x04, der(SEQUENCE, der(0x01, hex('ff')))));
  const toSign = der(
    SEQUENCE,
    der(0xa0, der(0x02, hex('02'))),
    // The serial number is from the key, so that two certificates never share one.
    der(0x02, Buffer.concat([hex('01'), createHash('sha256').update(spki).digest().subarray(0, 8)])),
    ECDSA_WITH_SHA256,
    name,
    validity,
    name,
    spki,
    der(0xa3, der(SEQUENCE, constraints, altNames)),
  );
  const signature = sign('sha256', toSign, privateKey);
  const certificate = der(SEQUENCE, toSign, ECDSA_WITH_SHA256, der(0x03, hex('00'), signature));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64').replaceAll(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    fingerprint256: (createHash('sha256').update(certificate).digest('hex').toUpperCase().match(/../g) ?? []).join(':'),
    spkiSha256: createHash('sha256').update(spki).digest('base64'),
  };
}

function generalName(name: string): Buffer {
  if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) return der(0x87, Buffer.from(name.split('.').map(Number)));
  return der(0x82, Buffer.from(name));
}
