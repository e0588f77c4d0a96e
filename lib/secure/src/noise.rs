//! The cryptographic primitives, which snow and ring implement, and the name of the Noise pattern.

use snow::params::{DHChoice, NoiseParams};
use snow::resolvers::{BoxedCryptoResolver, CryptoResolver, DefaultResolver};
use snow::{Builder, HandshakeState};
use transom_wire::Side;
use zeroize::Zeroizing;

use crate::cipher::Cipher;
use crate::identity::Identity;

/// A new handshake.
pub(crate) fn begin(
    identity: &Identity,
    side: Side,
    cipher: Cipher,
    prologue: &[u8],
) -> Result<HandshakeState, snow::Error> {
    let private = identity.private_bytes();
    let builder = Builder::with_resolver(params(cipher)?, resolver())
        .local_private_key(&private[..])?
        .prologue(prologue)?;
    match side {
        Side::Dialer => builder.build_initiator(),
        Side::Listener => builder.build_responder(),
    }
}

/// The keys of a complete handshake: that of the dialer's records, and that of the listener's.
pub(crate) fn split(noise: &mut HandshakeState) -> [Zeroizing<[u8; 32]>; 2] {
    let (dialer, listener) = noise.dangerously_get_raw_split();
    [dialer, listener].map(Zeroizing::new)
}

/// Fills the bytes from the system's source of random numbers.
pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<(), snow::Error> {
    let random = DefaultResolver.resolve_rng();
    random.ok_or(snow::Error::Rng)?.try_fill_bytes(bytes)
}

/// The public key of a private one.
pub(crate) fn public_key(private: &[u8; 32]) -> [u8; 32] {
    let mut public = [0; 32];
    if let Some(mut curve) = DefaultResolver.resolve_dh(&DHChoice::Curve25519) {
        curve.set(private);
        public.copy_from_slice(curve.pubkey());
    }
    public
}

/// Whether the key is one of the few points for which every private key gives the same secret.
///
/// Noise does not check this, since it breaks no confidentiality. But any peer could authenticate
/// as such a key once it is pinned.
pub(crate) fn is_low_order(public: &[u8; 32]) -> bool {
    let mut secret = [0; 32];
    let Some(mut curve) = DefaultResolver.resolve_dh(&DHChoice::Curve25519) else {
        return true;
    };
    // Any private key does: clamping makes all of them multiples of the small subgroup's order.
    curve.set(&[1; 32]);
    curve.dh(public, &mut secret).is_err() || secret == [0; 32]
}

fn params(cipher: Cipher) -> Result<NoiseParams, snow::Error> {
    match cipher {
        Cipher::ChaCha20Poly1305 => "Noise_XX_25519_ChaChaPoly_BLAKE2s".parse(),
        Cipher::Aes256Gcm => "Noise_XX_25519_AESGCM_BLAKE2s".parse(),
    }
}

/// Ciphers from ring; curve and hash, which snow does not take from ring, from pure Rust.
#[cfg(feature = "ring")]
fn resolver() -> BoxedCryptoResolver {
    use snow::resolvers::{FallbackResolver, RingResolver};
    let (ring, pure) = (Box::new(RingResolver), Box::new(DefaultResolver));
    Box::new(FallbackResolver::new(ring, pure))
}

/// Everything from pure Rust.
#[cfg(not(feature = "ring"))]
fn resolver() -> BoxedCryptoResolver {
    Box::new(DefaultResolver)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{Channel, HandshakeResult};

    /// Both sides of a handshake whose keys are all fixed.
    fn fixed(cipher: Cipher) -> [HandshakeState; 2] {
        let builder = || Builder::with_resolver(params(cipher).unwrap(), resolver());
        let dialer = builder()
            .local_private_key(&[1; 32])
            .unwrap()
            .fixed_ephemeral_key_for_testing_only(&[2; 32]);
        let listener = builder()
            .local_private_key(&[3; 32])
            .unwrap()
            .fixed_ephemeral_key_for_testing_only(&[4; 32]);
        let mut near = dialer.build_initiator().unwrap();
        let mut far = listener.build_responder().unwrap();
        let (mut message, mut none) = ([0; 128], [0; 128]);
        for third in [false, false, true] {
            let count = near.write_message(&[], &mut message).unwrap();
            far.read_message(&message[..count], &mut none).unwrap();
            if third {
                break;
            }
            std::mem::swap(&mut near, &mut far);
        }
        [near, far]
    }

    /// The channel of one side, which changes its key after two records.
    fn channel(mut noise: HandshakeState, cipher: Cipher, side: Side) -> Channel {
        let result = HandshakeResult {
            local: [0; 32],
            remote: [0; 32],
            hash: noise.get_handshake_hash().try_into().unwrap(),
            cipher,
        };
        let [dialer, listener] = split(&mut noise);
        let keys = match side {
            Side::Dialer => [&*dialer, &*listener],
            Side::Listener => [&*listener, &*dialer],
        };
        Channel::new(keys, result).with_interval(2)
    }

    /// snow's own transport state is the reference.
    #[test]
    fn records_and_changed_keys_are_those_of_noise() {
        for cipher in [Cipher::ChaCha20Poly1305, Cipher::Aes256Gcm] {
            for side in [Side::Dialer, Side::Listener] {
                let [dialer, listener] = fixed(cipher);
                let (near, far) = match side {
                    Side::Dialer => (dialer, listener),
                    Side::Listener => (listener, dialer),
                };
                let mut near = channel(near, cipher, side);
                let mut far = far.into_transport_mode().unwrap();
                for record in 1..=7_u8 {
                    let plain = vec![record; usize::from(record) * 1000];
                    let (mut wire, mut out) = (Vec::new(), vec![0; 10_000]);
                    near.seal(&plain, &mut wire).unwrap();
                    let count = far.read_message(&wire[2..], &mut out).unwrap();
                    assert_eq!(out[..count], plain, "{cipher:?} {side:?} {record}");
                    let count = far.write_message(&plain, &mut out).unwrap();
                    assert_eq!(near.open(&mut out[..count]).unwrap(), plain);
                    if record % 2 == 0 {
                        far.rekey_incoming();
                        far.rekey_outgoing();
                    }
                }
            }
        }
    }

    /// Builds with and without ring have to interoperate.
    #[test]
    fn records_and_changed_keys_are_the_same_with_ring_and_without() {
        for (cipher, wanted) in [
            (
                Cipher::ChaCha20Poly1305,
                [
                    "ef93aab0007a13ace065fd0e76a5ba6ef4cc46a1",
                    "f59b1c28ed422cba5b644547969e969b9c9ecd4f",
                    "8fbe18e629d5536873850e085b27bd397029776c",
                ],
            ),
            (
                Cipher::Aes256Gcm,
                [
                    "7cee27488ddbae39878593e67464b4ac3a7b1598",
                    "5a87a6444e7b3a156bd22e7fb920afc120c23109",
                    "cbc3107db751359fd7cae386a7e6ea810b087f20",
                ],
            ),
        ] {
            let [dialer, listener] = fixed(cipher);
            let mut near = channel(dialer, cipher, Side::Dialer);
            let mut far = channel(listener, cipher, Side::Listener);
            assert_eq!(near.handshake_hash(), far.handshake_hash());
            for wanted in wanted {
                let mut wire = Vec::new();
                near.seal(b"door", &mut wire).unwrap();
                let hex: String = wire[2..].iter().map(|byte| format!("{byte:02x}")).collect();
                assert_eq!(hex, wanted);
                assert_eq!(far.open(&mut wire[2..]).unwrap(), b"door");
            }
        }
    }
}
