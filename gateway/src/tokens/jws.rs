//! The signature of a token: JWS in compact form (RFC 7515), by the three algorithms of RFC 7518
//! that are taken.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    hmac,
    signature::{
        ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
        UnparsedPublicKey,
    },
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::TokenError;

/// Bytes of a coordinate on P-256.
const P256_COORDINATE_BYTES: usize = 32;

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Hs256,
    Rs256,
    Es256,
}

/// A key that checks signatures, by the one algorithm that it is for.
#[derive(Clone)]
pub struct Key {
    /// What tokens name it by.
    pub id: Option<String>,
    material: Material,
}

#[derive(Clone)]
enum Material {
    Secret(hmac::Key),
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// An uncompressed point.
    P256(Vec<u8>),
}

/// What is read of a JSON Web Key (RFC 7517).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Key {
    pub fn secret(secret: &[u8]) -> Self {
        Self {
            id: None,
            material: Material::Secret(hmac::Key::new(hmac::HMAC_SHA256, secret)),
        }
    }

    /// Takes a key of a set. `None` for one that is not for these algorithms: a set may hold others.
    pub fn from_jwk(jwk: &Value) -> Option<Self> {
        let jwk = Jwk::deserialize(jwk).ok()?;
        if jwk.usage.is_some_and(|usage| usage != "sig") {
            return None;
        }
        let (algorithm, material) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", None) => (
                "RS256",
                Material::Rsa {
                    modulus: number(jwk.n.as_deref()?)?,
                    exponent: number(jwk.e.as_deref()?)?,
                },
            ),
            ("EC", Some("P-256")) => {
                let mut point = vec![4];
                for coordinate in [jwk.x?, jwk.y?] {
                    let bytes = decode(&coordinate)?;
                    if bytes.len() != P256_COORDINATE_BYTES {
                        return None;
                    }
                    point.extend(bytes);
                }
                ("ES256", Material::P256(point))
            }
            _ => return None,
        };
        if jwk.alg.is_some_and(|named| named != algorithm) {
            return None;
        }
        Some(Self {
            id: jwk.kid,
            material,
        })
    }

    pub fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Secret(_) => Algorithm::Hs256,
            Material::Rsa { .. } => Algorithm::Rs256,
            Material::P256(_) => Algorithm::Es256,
        }
    }

    fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            // Compared in constant time.
            Material::Secret(key) => hmac::verify(key, message, signature).is_ok(),
            Material::Rsa { modulus, exponent } => RsaPublicKeyComponents {
                n: modulus,
                e: exponent,
            }
            .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            .is_ok(),
            Material::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                .verify(message, signature)
                .is_ok(),
        }
    }
}

/// A token that is read and not believed yet.
pub struct Unverified<'a> {
    pub algorithm: Algorithm,
    pub key_id: Option<String>,
    /// What is signed: the first two parts with their dot.
    message: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Unverified<'a> {
    /// # Errors
    /// When it is no token, or one that asks for what is not known here.
    pub fn parse(token: &'a str) -> Result<Self, TokenError> {
        let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(TokenError::Malformed)?;
        // A further dot is no base64url.
        let part = |text| decode(text).ok_or(TokenError::Malformed);
        let header: Map<String, Value> =
            serde_json::from_slice(&part(header)?).map_err(|_| TokenError::Malformed)?;
        if header.contains_key("crit") {
            return Err(TokenError::Critical);
        }
        let algorithm = match header.get("alg").and_then(Value::as_str) {
            Some("HS256") => Algorithm::Hs256,
            Some("RS256") => Algorithm::Rs256,
            Some("ES256") => Algorithm::Es256,
            // "none" among them.
            _ => return Err(TokenError::Algorithm),
        };
        let key_id = match header.get("kid") {
            None => None,
            Some(Value::String(id)) => Some(id.clone()),
            Some(_) => return Err(TokenError::Malformed),
        };
        Ok(Self {
            algorithm,
            key_id,
            message,
            payload: part(payload)?,
            signature: part(signature)?,
        })
    }

    /// What was signed, if one of the keys has signed it by the algorithm that both are for.
    ///
    /// # Errors
    /// When none has, or it is no object.
    pub fn verify<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k Key>,
    ) -> Result<Map<String, Value>, TokenError> {
        let signed = keys.into_iter().any(|key| {
            key.algorithm() == self.algorithm
                && key.has_signed(self.message.as_bytes(), &self.signature)
        });
        if !signed {
            return Err(TokenError::Signature);
        }
        serde_json::from_slice(&self.payload).map_err(|_| TokenError::Malformed)
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// A number without the zeros that some put before it, which ring does not take.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = decode(text)?;
    let first = bytes.iter().position(|byte| *byte != 0)?;
    Some(bytes[first..].to_vec())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// RFC 7515, appendix A.1.
    const A1_KEY: &str =
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    const A1_TOKEN: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    /// RFC 7515, appendix A.3.
    const A3_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    const A3_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
    const A3_TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    fn point() -> Value {
        json!({"kty": "EC", "crv": "P-256", "x": A3_X, "y": A3_Y})
    }

    #[test]
    fn the_rfcs_examples_are_believed_and_nothing_else() {
        let secret = Key::secret(&decode(A1_KEY).unwrap());
        let payload = Unverified::parse(A1_TOKEN).unwrap().verify([&secret]);
        assert_eq!(payload.unwrap()["iss"], "joe");
        let public = Key::from_jwk(&point()).unwrap();
        let payload = Unverified::parse(A3_TOKEN).unwrap().verify([&public]);
        assert_eq!(payload.unwrap()["exp"], 1_300_819_380);

        let wrong = Key::secret(b"another secret of some length....");
        let refused = Unverified::parse(A1_TOKEN).unwrap().verify([&wrong]);
        assert_eq!(refused, Err(TokenError::Signature));
        let changed = A3_TOKEN.replace("eyJpc3MiOiJqb2Ui", "eyJpc3MiOiJqb2Uj");
        let refused = Unverified::parse(&changed).unwrap().verify([&public]);
        assert_eq!(refused, Err(TokenError::Signature));
    }

    #[test]
    fn a_key_serves_its_own_algorithm_only() {
        // The classic confusion: what is signed by HS256 with the bytes of a public key.
        let bytes = [vec![4], decode(A3_X).unwrap(), decode(A3_Y).unwrap()].concat();
        let message = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#),
            URL_SAFE_NO_PAD.encode("{}")
        );
        let tag = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, &bytes),
            message.as_bytes(),
        );
        let forged = format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag));
        let public = Key::from_jwk(&point()).unwrap();
        let refused = Unverified::parse(&forged).unwrap().verify([&public]);
        assert_eq!(refused, Err(TokenError::Signature));
    }

    #[test]
    fn what_is_no_token_is_told() {
        let token = |header: &str| format!("{}.e30.", URL_SAFE_NO_PAD.encode(header));
        let refused = |text: &str| Unverified::parse(text).err().expect("refused");
        let no_base64 = token(r#"{"alg":"HS256"}"#) + "***";
        for text in ["", "a", "a.b", "a.b.c.d", &no_base64, &token("[]")] {
            assert_eq!(refused(text), TokenError::Malformed, "{text}");
        }
        for algorithm in ["none", "HS512", "PS256", "EdDSA"] {
            let text = token(&json!({ "alg": algorithm }).to_string());
            assert_eq!(refused(&text), TokenError::Algorithm, "{algorithm}");
        }
        let critical = token(r#"{"alg":"HS256","crit":["b64"],"b64":false}"#);
        assert_eq!(refused(&critical), TokenError::Critical);
    }

    #[test]
    fn keys_for_other_ends_are_passed_over() {
        let with = |name: &str, value: &str| {
            let mut jwk = point();
            jwk[name] = value.into();
            Key::from_jwk(&jwk).is_some()
        };
        assert!(with("use", "sig") && with("alg", "ES256"));
        assert!(!with("use", "enc") && !with("alg", "ES384") && !with("crv", "P-384"));
        assert!(!with("kty", "oct") && !with("x", "AA"));
    }
}
