//! The organisation's signing key: secp256k1, in an encrypted PKCS#8 file (RFC 5958, RFC 8018).

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use k256::ecdsa::SigningKey;
use k256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use pkcs8::pkcs5::{pbes2, scrypt};
use pkcs8::{LineEnding, PrivateKeyInfo};
use rand::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use crate::config::{KeysConfig, Secret};

/// scrypt's cost, log2: N = 2^14 with r = 8 takes 16 MiB and, on one core, some 50 ms. The next power is what
/// OpenSSL's command line refuses by its default memory bound of 32 MiB, so auditors could not open the file.
const SCRYPT_LOG_N: u8 = 14;
const SCRYPT_R: u32 = 8;
const SCRYPT_P: u32 = 1;

/// The fewest characters of a passphrase: scrypt slows guessing by a constant, not by length.
const PASSPHRASE_CHARS_MIN: usize = 12;

/// The most bytes read of a key or passphrase file: an encrypted key is about 400.
const FILE_BYTES_MAX: u64 = 16 * 1024;

/// Why a key file cannot be written or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("{path}: cannot be read or written")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: std::io::Error,
    },
    /// Others than the owner may read or write the file.
    #[error("{path}: others may access it (mode {mode:o}); chmod 600")]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The passphrase is too short to protect anything.
    #[error("the passphrase must have at least {PASSPHRASE_CHARS_MIN} characters")]
    WeakPassphrase,
    /// The file is not an encrypted secp256k1 key, or the passphrase is wrong; one cannot tell which.
    #[error("the key file or its passphrase is wrong")]
    Wrong,
    /// The file of a symmetric key holds something else.
    #[error("{path}: not 64 hexadecimal digits")]
    Form {
        /// Which file.
        path: PathBuf,
    },
    /// The key could not be encrypted.
    #[error("the key could not be encrypted")]
    Encrypt,
}

/// Draws a key and writes it to a new file that only the owner can read. An existing file is never overwritten.
///
/// # Errors
/// [`KeyError::WeakPassphrase`], [`KeyError::File`] (also when the file exists), [`KeyError::Encrypt`].
pub fn generate(
    file: &Path,
    passphrase: &Secret,
    rng: &mut (impl CryptoRng + RngCore),
) -> Result<SigningKey, KeyError> {
    let key = SigningKey::random(rng);
    let pem = encrypt(&key, passphrase, rng)?;
    let failed = |source| KeyError::File { path: file.to_owned(), source };
    let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(failed)?;
    out.write_all(pem.as_bytes()).and_then(|()| out.sync_all()).map_err(failed)?;
    Ok(key)
}

/// Opens the key that the configuration names.
///
/// # Errors
/// [`KeyError`].
pub fn load(config: &KeysConfig) -> Result<SigningKey, KeyError> {
    let passphrase = passphrase(config)?;
    let pem = read_private(&config.file)?;
    SigningKey::from_pkcs8_encrypted_pem(&pem, passphrase.expose()).map_err(|_| KeyError::Wrong)
}

/// The passphrase that the configuration holds, or whose file it names (the first line of it).
///
/// # Errors
/// [`KeyError`].
pub fn passphrase(config: &KeysConfig) -> Result<Secret, KeyError> {
    match (&config.passphrase, &config.passphrase_file) {
        (Some(secret), _) => Ok(secret.clone()),
        (None, Some(path)) => Ok(Secret::new(read_private(path)?.lines().next().unwrap_or("").to_owned())),
        (None, None) => Err(KeyError::WeakPassphrase),
    }
}

/// Reads a symmetric key of 256 bits: 64 hexadecimal digits in a file that only the owner can read.
///
/// # Errors
/// [`KeyError::File`], [`KeyError::Exposed`], [`KeyError::Form`].
pub fn symmetric(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let text = read_private(path)?;
    let mut key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim(), &mut *key).map_err(|_| KeyError::Form { path: path.to_owned() })?;
    Ok(key)
}

/// The public key as 66 hexadecimal digits: SEC 1 section 2.3.3, compressed.
#[must_use]
pub fn public_hex(key: &SigningKey) -> String {
    hex::encode(key.verifying_key().to_encoded_point(true).as_bytes())
}

fn encrypt(
    key: &SigningKey,
    passphrase: &Secret,
    rng: &mut (impl CryptoRng + RngCore),
) -> Result<Zeroizing<String>, KeyError> {
    if passphrase.expose().chars().count() < PASSPHRASE_CHARS_MIN {
        return Err(KeyError::WeakPassphrase);
    }
    let (mut salt, mut iv) = ([0_u8; 16], [0_u8; 16]);
    rng.fill_bytes(&mut salt);
    rng.fill_bytes(&mut iv);
    let cost = scrypt::Params::new(SCRYPT_LOG_N, SCRYPT_R, SCRYPT_P, scrypt::Params::RECOMMENDED_LEN)
        .map_err(|_| KeyError::Encrypt)?;
    let parameters = pbes2::Parameters::scrypt_aes256cbc(cost, &salt, &iv).map_err(|_| KeyError::Encrypt)?;
    let plain = key.to_pkcs8_der().map_err(|_| KeyError::Encrypt)?;
    let info = PrivateKeyInfo::try_from(plain.as_bytes()).map_err(|_| KeyError::Encrypt)?;
    let sealed = info.encrypt_with_params(parameters, passphrase.expose()).map_err(|_| KeyError::Encrypt)?;
    sealed.to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF).map_err(|_| KeyError::Encrypt)
}

fn read_private(path: &Path) -> Result<Zeroizing<String>, KeyError> {
    let failed = |source| KeyError::File { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::new());
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Entropy;

    fn config(folder: &Path, passphrase: &str) -> KeysConfig {
        KeysConfig {
            file: folder.join("signing.pem"),
            passphrase_file: None,
            passphrase: Some(Secret::new(passphrase.to_owned())),
        }
    }

    #[test]
    fn what_is_generated_loads_with_its_passphrase_alone() {
        let folder = tempfile::tempdir().unwrap();
        let right = config(folder.path(), "correct horse battery");
        let mut entropy = Entropy::seeded(1);
        let key = generate(&right.file, right.passphrase.as_ref().unwrap(), &mut entropy).unwrap();
        assert_eq!(public_hex(&load(&right).unwrap()), public_hex(&key));
        assert!(matches!(load(&config(folder.path(), "wrong horse battery")), Err(KeyError::Wrong)));
        let text = std::fs::read_to_string(&right.file).unwrap();
        assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        let again = generate(&right.file, right.passphrase.as_ref().unwrap(), &mut entropy);
        assert!(matches!(again, Err(KeyError::File { .. })), "an existing key was overwritten");
    }

    #[test]
    fn a_weak_passphrase_or_an_exposed_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let weak =
            generate(&folder.path().join("k"), &Secret::new("short".to_owned()), &mut Entropy::seeded(1));
        assert!(matches!(weak, Err(KeyError::WeakPassphrase)));
        let mut named = config(folder.path(), "correct horse battery");
        generate(&named.file, named.passphrase.as_ref().unwrap(), &mut Entropy::seeded(1)).unwrap();
        let secret = folder.path().join("passphrase");
        std::fs::write(&secret, "correct horse battery\n").unwrap();
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).unwrap();
        (named.passphrase, named.passphrase_file) = (None, Some(secret.clone()));
        assert!(matches!(load(&named), Err(KeyError::Exposed { mode: 0o644, .. })));
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o400)).unwrap();
        assert!(load(&named).is_ok());
    }
}
