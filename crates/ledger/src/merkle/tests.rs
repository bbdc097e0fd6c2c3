use proptest::prelude::*;
use sha2::Sha256;

use super::*;

fn leaves<D: Digest>(count: usize) -> Vec<Output<D>> {
    (0..count).map(|i| leaf::<D>(&(i as u64).to_be_bytes())).collect()
}

/// The recursive definition of RFC 6962, as the standard states it.
fn defined_root(leaves: &[Output<Sha256>]) -> Output<Sha256> {
    match leaves {
        [] => Sha256::new().finalize(),
        [one] => *one,
        more => {
            let (left, right) = more.split_at(split(more.len()));
            node::<Sha256>(&defined_root(left), &defined_root(right))
        }
    }
}

#[test]
fn the_published_sha256_roots_come_out() {
    // RFC 6962 test leaves of certificate-transparency: empty tree and the tree of one empty leaf.
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(hex::encode(root::<Sha256>(&[])), empty);
    let one = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
    assert_eq!(hex::encode(root::<Sha256>(&[leaf::<Sha256>(b"")])), one);
}

proptest! {
    #[test]
    fn levels_and_recursion_agree(count in 0usize..130) {
        let all = leaves::<Sha256>(count);
        prop_assert_eq!(root::<Sha256>(&all), defined_root(&all));
    }

    #[test]
    fn every_path_leads_to_the_root_and_no_other_index_does(count in 1usize..130, pick in any::<prop::sample::Index>()) {
        let all = leaves::<Sha3_256>(count);
        let index = pick.index(count);
        let path = inclusion::<Sha3_256>(&all, index);
        let top = root::<Sha3_256>(&all);
        for other in 0..count {
            let found = root_from_inclusion::<Sha3_256>(all[index], other as u64, count as u64, &path);
            prop_assert_eq!(found == Ok(top), other == index);
        }
        prop_assert_eq!(
            root_from_inclusion::<Sha3_256>(all[index], count as u64, count as u64, &path),
            Err(ProofError::Index)
        );
    }

    #[test]
    fn a_path_too_short_or_too_long_is_refused(count in 2usize..130, pick in any::<prop::sample::Index>()) {
        let all = leaves::<Sha3_256>(count);
        let index = pick.index(count);
        let mut path = inclusion::<Sha3_256>(&all, index);
        path.push(all[0]);
        let check = |path: &[_]| root_from_inclusion::<Sha3_256>(all[index], index as u64, count as u64, path);
        prop_assert_eq!(check(&path), Err(ProofError::Length));
        path.truncate(path.len() - 2);
        prop_assert_eq!(check(&path), Err(ProofError::Length));
    }

    #[test]
    fn a_longer_tree_is_consistent_with_its_beginning_only(count in 1usize..80, pick in any::<prop::sample::Index>()) {
        let all = leaves::<Sha3_256>(count);
        let older = pick.index(count) + 1;
        let path = consistency::<Sha3_256>(&all, older);
        let (old, new) = (root::<Sha3_256>(&all[..older]), root::<Sha3_256>(&all));
        let (o, n) = (older as u64, count as u64);
        prop_assert_eq!(verify_consistency::<Sha3_256>(o, n, &old, &new, &path), Ok(()));
        let forged = leaf::<Sha3_256>(b"forged");
        prop_assert!(verify_consistency::<Sha3_256>(o, n, &forged, &new, &path).is_err());
        prop_assert!(verify_consistency::<Sha3_256>(o, n, &old, &forged, &path).is_err());
    }
}
