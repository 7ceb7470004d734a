//! Links to photos of closed rooms: whoever has one may see the photo until it expires.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use parlor_shared::id::PhotoId;
use sha2::Sha256;

use super::Variant;

/// The key's bytes: as many as the hash has.
pub const KEY_BYTES: usize = 32;

/// The path of a photo's picture, which is all there is to a link in an open room.
pub fn path(photo: PhotoId, variant: Variant) -> String {
    format!("/photos/{photo}/{}", variant.name())
}

/// The same with a signature that holds until `expires`, in seconds since 1970.
pub fn signed(key: &[u8], photo: PhotoId, variant: Variant, expires: u64) -> String {
    let signature = mac(key, photo, variant, expires).finalize().into_bytes();
    let signature = URL_SAFE_NO_PAD.encode(signature);
    let mut link = path(photo, variant);
    let _ = write!(link, "?expires={expires}&signature={signature}");
    link
}

/// Whether the signature is one that was made for this, compared in constant time. Whether it has
/// expired is to be asked as well.
pub fn is_signed(
    key: &[u8],
    photo: PhotoId,
    variant: Variant,
    expires: u64,
    signature: &str,
) -> bool {
    URL_SAFE_NO_PAD.decode(signature).is_ok_and(|given| {
        mac(key, photo, variant, expires)
            .verify_slice(&given)
            .is_ok()
    })
}

fn mac(key: &[u8], photo: PhotoId, variant: Variant, expires: u64) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(format!("{photo} {} {expires}", variant.name()).as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_for_one_picture_and_one_time() {
        let (key, photo) = ([7; KEY_BYTES], PhotoId::random());
        let link = signed(&key, photo, Variant::Full, 1_000);
        let signature = link.rsplit('=').next().expect("a signature");
        let check = |key: &[u8], photo, variant, expires, signature: &str| {
            is_signed(key, photo, variant, expires, signature)
        };
        assert!(check(&key, photo, Variant::Full, 1_000, signature));
        assert!(!check(&key, photo, Variant::Full, 1_001, signature));
        assert!(!check(&key, photo, Variant::Thumbnail, 1_000, signature));
        assert!(!check(
            &key,
            PhotoId::random(),
            Variant::Full,
            1_000,
            signature
        ));
        assert!(!check(
            &[8; KEY_BYTES],
            photo,
            Variant::Full,
            1_000,
            signature
        ));
        for wrong in ["", "AAAA", "!", &signature[1..], &format!("{signature}A")] {
            assert!(!check(&key, photo, Variant::Full, 1_000, wrong), "{wrong}");
        }
    }
}
