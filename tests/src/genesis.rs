//! Keys and the genesis file of a network.

use anyhow::{Context as _, Result};
use gs1::{CompanyPrefix, Gln, Gtin};
use ledger::directory::{KeyEntry, OrganisationStanding};
use ledger::{
    Genesis, Height, Organisation, OrganisationId, Product, PublicKey, Rules, SigningKey, Validator,
};
use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::organisation::OrganisationSpec;

/// Makes the organisation's signing key in `folder` (`signing.pem`, its passphrase in `signing.passphrase`), or reads
/// the one that an earlier run made, and returns its public half.
///
/// # Errors
/// When files cannot be written, or do not belong together.
pub fn signing_key(folder: &Path) -> Result<PublicKey> {
    let (file, passphrase_file) = (folder.join("signing.pem"), folder.join("signing.passphrase"));
    let config = api::config::KeysConfig {
        file: file.clone(),
        passphrase_file: Some(passphrase_file.clone()),
        passphrase: None,
    };
    if !file.exists() {
        let mut entropy = api::entropy::Entropy::system()?;
        let passphrase = hex::encode(entropy.bytes::<24>());
        write_private(&passphrase_file, &passphrase)?;
        let made = api::keys::generate(&file, &api::keys::passphrase(&config)?, &mut entropy)?;
        return Ok(SigningKey::from(made).public_key());
    }
    let key = api::keys::load(&config).with_context(|| format!("cannot use {}", file.display()))?;
    Ok(SigningKey::from(key).public_key())
}

/// Writes a file that only its owner may read.
///
/// # Errors
/// When it cannot be written.
pub fn write_private(path: &Path, text: &str) -> Result<()> {
    use std::io::Write as _;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}

/// The genesis of these organisations, numbered from 1 in their order; each votes with power 1.
///
/// # Errors
/// When a number of a specification is no GS1 key.
pub fn genesis(name: &str, time_ms: u64, members: &[(&OrganisationSpec, PublicKey)]) -> Result<Genesis> {
    let mut genesis = Genesis {
        name: name.to_owned(),
        time_ms,
        test: true,
        rules: Rules::eu(),
        organisations: Vec::new(),
        products: Vec::new(),
        validators: Vec::new(),
    };
    for (id, (spec, public_key)) in (1u32..).map(OrganisationId).zip(members) {
        genesis.organisations.push(organisation(id, spec, *public_key)?);
        for product in &spec.products {
            genesis.products.push(Product {
                gtin: Gtin::new(&product.gtin)?,
                owner: id,
                name: product.name.clone(),
                form: product.form.clone(),
                strength: product.strength.clone(),
                registered: Height::default(),
            });
        }
        genesis.validators.push(Validator { organisation: id, public_key: *public_key, power: 1 });
    }
    Ok(genesis)
}

fn organisation(id: OrganisationId, spec: &OrganisationSpec, public_key: PublicKey) -> Result<Organisation> {
    Ok(Organisation {
        id,
        name: spec.title.clone(),
        role: spec.role,
        glns: spec.glns.iter().map(|gln| Gln::new(gln)).collect::<Result<_, _>>()?,
        company_prefixes: spec
            .prefixes
            .iter()
            .map(|prefix| CompanyPrefix::new(prefix))
            .collect::<Result<_, _>>()?,
        keys: vec![KeyEntry { public_key, from: Height::default(), until: None }],
        commissions_for: Vec::new(),
        standing: OrganisationStanding::Good,
        standing_since: Height::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_and_the_genesis_survives_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let key = signing_key(folder.path()).unwrap();
        assert_eq!(signing_key(folder.path()).unwrap(), key);
        let four = OrganisationSpec::four();
        let members: Vec<_> = four.iter().map(|spec| (spec, key)).collect();
        let genesis = genesis("test", 1, &members).unwrap();
        let text = serde_json::to_string_pretty(&genesis).unwrap();
        let read: Genesis = serde_json::from_str(&text).unwrap();
        assert_eq!(read.network(), genesis.network());
        assert_eq!(genesis.directory().organisations().count(), 4);
        let product = genesis.directory().products().next().cloned().unwrap();
        assert_eq!(genesis.directory().prefix_owner(&product.gtin), Some(OrganisationId(1)));
    }
}
