//! The primitives as snow has them: which implementation of each, and the pattern's name.

use snow::params::{DHChoice, NoiseParams};
use snow::resolvers::{BoxedCryptoResolver, CryptoResolver, DefaultResolver};
use snow::{Builder, HandshakeState};

use crate::cipher::Cipher;
use crate::identity::Identity;
use crate::preamble::Role;

/// A handshake at its beginning.
pub(crate) fn begin(
    identity: &Identity,
    role: Role,
    cipher: Cipher,
    prologue: &[u8],
) -> Result<HandshakeState, snow::Error> {
    let private = identity.private_bytes();
    let builder = Builder::with_resolver(params(cipher)?, resolver())
        .local_private_key(&private[..])?
        .prologue(prologue)?;
    match role {
        Role::Dialer => builder.build_initiator(),
        Role::Listener => builder.build_responder(),
    }
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
/// Noise leaves the check out, as nothing can be read by it; but such a key, once pinned, would let anybody in.
pub(crate) fn is_worthless(public: &[u8; 32]) -> bool {
    let mut secret = [0; 32];
    let Some(mut curve) = DefaultResolver.resolve_dh(&DHChoice::Curve25519) else {
        return true;
    };
    // Any private key shows it: clamping makes all of them multiples of the small subgroup's order.
    curve.set(&[1; 32]);
    curve.dh(public, &mut secret).is_err() || secret == [0; 32]
}

fn params(cipher: Cipher) -> Result<NoiseParams, snow::Error> {
    match cipher {
        Cipher::ChaCha20Poly1305 => "Noise_XX_25519_ChaChaPoly_BLAKE2s".parse(),
        Cipher::Aes256Gcm => "Noise_XX_25519_AESGCM_BLAKE2s".parse(),
    }
}

/// Ciphers from ring; curve and hash, which ring has not in snow, from pure Rust.
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
