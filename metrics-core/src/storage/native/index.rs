//! Computes the index of the native histogram bucket that counts a value, exactly.
//!
//! In schema `n`, bucket `i` counts values above `2^((i-1)/2^n)` and at most `2^(i/2^n)`. Each
//! bound of a schema is also a bound of all finer schemas. So the index is computed in the finest
//! one, schema 8, and shifted right, rounding up, to get the index in a coarser one.
//!
//! The range from each power of two to the next is divided in the same way. The exponent gives the
//! index of the power, and a table gives the rest for the mantissa. In this file, a *cell* is an
//! entry of that table: one of 512 ranges of mantissas of equal width. Bounds are more than one
//! cell apart, so that a cell has at most one bound, and one comparison with this bound decides.
//! The table also corrects for bounds not being evenly spaced. Bounds other than powers of two are
//! irrational. A float is at most such a bound if and only if it is at most the largest float below
//! the bound. The table stores that float, so the result is exact.

/// The finest schema of the specification.
pub(crate) const FINEST: i8 = 8;
/// The coarsest schema of the specification.
pub(crate) const COARSEST: i8 = -4;

/// The index of the largest finite values in schema 8; [`finest`] returns it for infinity too.
pub(crate) const OF_INFINITY: i64 = 1024 << FINEST;

/// The mask of the mantissa's bits in an `f64`; [`BITS`] is the number of these bits.
const MANTISSA: u64 = (1 << BITS) - 1;
const BITS: u32 = 52;
/// The number of mantissa bits below those that select the cell.
const BELOW_CELL: u32 = BITS - 9;
/// The number of bits above the mantissa. A cell stores a mantissa shifted left by this number.
const ABOVE: u32 = 64 - BITS;
const BIAS: i64 = 1023;

/// The index in schema 8 of a value above zero, given by its bits.
#[inline(always)]
pub(crate) fn finest(bits: u64) -> i64 {
    if bits <= MANTISSA {
        return subnormal(bits);
    }
    finest_normal(bits)
}

/// Like [`finest`], for a value that is not subnormal.
#[inline(always)]
pub(crate) fn finest_normal(bits: u64) -> i64 {
    let mantissa = bits << ABOVE;
    let cell = CELLS[(mantissa >> (BELOW_CELL + ABOVE)) as usize];
    // The low bits of the cell do not affect the comparison: those of `mantissa` are zero.
    let above = u64::from(cell < mantissa);
    let if_even = (bits >> (BITS - FINEST as u32)) as i64 - (BIAS << FINEST);
    if_even + ((cell & MORE) + above) as i64
}

/// Like [`finest`], for a subnormal value: scales it by a power of two, which is exact.
#[cold]
fn subnormal(bits: u64) -> i64 {
    const UP: i64 = 64;
    let bits = (f64::from_bits(bits) * (1_u128 << UP) as f64).to_bits();
    finest_normal(bits) - (UP << FINEST)
}

/// The index of the bucket that contains bucket `index` of a schema that is finer by `by`.
#[inline(always)]
pub(crate) const fn coarser(index: i64, by: u32) -> i64 {
    ((index - 1) >> by) + 1
}

/// The largest float that is at most the upper bound of bucket `index` in schema `FINEST - by`.
pub(crate) fn upper(index: i64, by: u32) -> f64 {
    let finest = index << by;
    let exponent = (finest >> FINEST) + BIAS;
    let mantissa = BOUNDS[(finest & 0xff) as usize];
    if exponent >= 0x7ff {
        return f64::MAX;
    }
    if exponent > 0 {
        return f64::from_bits(((exponent as u64) << BITS) | mantissa);
    }
    // Rounds down to a subnormal float, which is still at most the bound.
    let lost = 1 - exponent;
    f64::from_bits(
        ((1 << BITS) | mantissa)
            .checked_shr(lost as u32)
            .unwrap_or(0),
    )
}

/// The coarsest schema whose bucket bounds grow by at most `growth`, or the finest if none does.
pub(crate) const fn schema(growth: f64) -> i8 {
    let mut schema = COARSEST;
    while schema < 0 {
        // In the schemas -4 to -1, bounds grow by 2^16, 2^8, 2^4 and 2^2.
        if growth >= (1_u64 << (1_u32 << -schema)) as f64 {
            return schema;
        }
        schema += 1;
    }
    if growth >= 2.0 {
        return 0;
    }
    schema = 1;
    while schema < FINEST {
        let bound = BOUNDS[1 << (FINEST - schema)] | (BIAS as u64) << BITS;
        if growth > f64::from_bits(bound) {
            return schema;
        }
        schema += 1;
    }
    FINEST
}

/// The bits of a cell with the correction: how many more bounds are below the cell than if they
/// were evenly spaced.
const MORE: u64 = 0xff;

/// For each cell, the mantissa of the first bound in or above it, shifted left, and the
/// correction in the bits [`MORE`].
static CELLS: [u64; 512] = {
    let mut cells = [0; 512];
    let mut cell = 0;
    let mut bound = 0;
    while cell < cells.len() {
        while bound < BOUNDS.len() && BOUNDS[bound] < (cell as u64) << BELOW_CELL {
            bound += 1;
        }
        // Above the last bound of the table comes 2, which no mantissa exceeds.
        let mantissa = if bound < BOUNDS.len() {
            BOUNDS[bound]
        } else {
            MANTISSA
        };
        let more = bound - cell * BOUNDS.len() / cells.len();
        cells[cell] = mantissa << ABOVE | more as u64;
        cell += 1;
    }
    cells
};

/// The mantissas of the largest floats that are at most `2^(k/256)`.
#[rustfmt::skip]
const BOUNDS: [u64; 256] = [
    0x0_0000_0000_0000, 0x0_0b1a_fa5a_bcbe, 0x0_163d_a9fb_3335, 0x0_2168_143b_0280,
    0x0_2c9a_3e77_8060, 0x0_37d4_2e11_bbcc, 0x0_4315_e86e_7f84, 0x0_4e5f_72f6_54b1,
    0x0_59b0_d315_8574, 0x0_650a_0e3c_1f88, 0x0_706b_29dd_f6dd, 0x0_7bd4_2b72_a836,
    0x0_8745_1875_9bc8, 0x0_92bd_f666_07df, 0x0_9e3e_cac6_f383, 0x0_a9c7_9b1f_3919,
    0x0_b558_6cf9_890f, 0x0_c0f1_45e4_6c85, 0x0_cc92_2b72_47f7, 0x0_d83b_2339_5deb,
    0x0_e3ec_32d3_d1a2, 0x0_efa5_5fdf_a9c4, 0x0_fb66_affe_d31a, 0x1_0730_28d7_233e,
    0x1_1301_d012_5b50, 0x1_1edb_ab5e_2ab5, 0x1_2abd_c06c_31cb, 0x1_36a8_14f2_04aa,
    0x1_429a_aea9_2ddf, 0x1_4e95_934f_312d, 0x1_5a98_c8a5_8e51, 0x1_66a4_5471_c3c2,
    0x1_72b8_3c7d_517a, 0x1_7ed4_8695_bbc0, 0x1_8af9_388c_8de9, 0x1_9726_5837_5d2f,
    0x1_a35b_eb6f_cb75, 0x1_af99_f813_8a1c, 0x1_bbe0_8404_5cd3, 0x1_c82f_9528_1c6b,
    0x1_d487_3168_b9aa, 0x1_e0e7_5eb4_4026, 0x1_ed50_22fc_d91c, 0x1_f9c1_8438_ce4c,
    0x2_063b_8862_8cd6, 0x2_12be_3578_a819, 0x2_1f49_917d_dc96, 0x2_2bdd_a279_12d1,
    0x2_387a_6e75_6238, 0x2_451f_fb82_140a, 0x2_51ce_4fb2_a63f, 0x2_5e85_711e_ce75,
    0x2_6b45_65e2_7cdd, 0x2_780e_341d_df29, 0x2_84df_e1f5_6380, 0x2_91ba_7591_bb6f,
    0x2_9e9d_f51f_dee1, 0x2_ab8a_66d1_0f12, 0x2_b87f_d0da_d98f, 0x2_c57e_3977_1b2e,
    0x2_d285_a6e4_030b, 0x2_df96_1f64_1589, 0x2_ecaf_a93e_2f56, 0x2_f9d2_4abd_886a,
    0x3_06fe_0a31_b715, 0x3_1432_edee_b2fd, 0x3_2170_fc4c_d831, 0x3_2eb8_3ba8_ea31,
    0x3_3c08_b264_16ff, 0x3_4962_66e3_fa2c, 0x3_56c5_5f92_9ff0, 0x3_6431_a2de_883a,
    0x3_71a7_373a_a9ca, 0x3_7f26_231e_7549, 0x3_8cae_6d05_d865, 0x3_9a40_1b71_40ee,
    0x3_a7db_34e5_9ff6, 0x3_b57f_bfec_6cf4, 0x3_c32d_c313_a8e4, 0x3_d0e5_44ed_e173,
    0x3_dea6_4c12_3422, 0x3_ec70_df1c_5174, 0x3_fa45_04ac_801b, 0x4_0822_c367_a024,
    0x4_160a_21f7_2e29, 0x4_23fb_2709_4689, 0x4_31f5_d950_a896, 0x4_3ffa_3f84_b9d4,
    0x4_4e08_6061_892d, 0x4_5c20_42a7_d231, 0x4_6a41_ed1d_0057, 0x4_786d_668b_3236,
    0x4_86a2_b5c1_3cd0, 0x4_94e1_e192_aed1, 0x4_a32a_f0d7_d3de, 0x4_b17d_ea6d_b7d6,
    0x4_bfda_d536_2a27, 0x4_ce41_b817_c114, 0x4_dcb2_99fd_dd0d, 0x4_eb2d_81d8_abfe,
    0x4_f9b2_769d_2ca6, 0x5_0841_7f45_31ee, 0x5_16da_a2cf_6641, 0x5_257d_e83f_4eee,
    0x5_342b_569d_4f81, 0x5_42e2_f4f6_ad27, 0x5_51a4_ca5d_920e, 0x5_6070_dde9_10d1,
    0x5_6f47_36b5_27da, 0x5_7e27_dbe2_c4ce, 0x5_8d12_d497_c7fd, 0x5_9c08_27ff_07cb,
    0x5_ab07_dd48_5429, 0x5_ba11_fba8_7a02, 0x5_c926_8a59_46b7, 0x5_d845_9099_8b92,
    0x5_e76f_15ad_2148, 0x5_f6a3_20dc_eb70, 0x6_05e1_b976_dc08, 0x6_152a_e6cd_f6f4,
    0x6_247e_b03a_5584, 0x6_33dd_1d19_29fd, 0x6_4346_34cc_c31f, 0x6_52b9_febc_8fb6,
    0x6_6238_8255_2224, 0x6_71c1_c708_33f5, 0x6_8155_d44c_a973, 0x6_90f4_b19e_9538,
    0x6_a09e_667f_3bcc, 0x6_b052_fa75_173e, 0x6_c012_750b_dabe, 0x6_cfdc_ddd4_7645,
    0x6_dfb2_3c65_1a2e, 0x6_ef92_9859_3ae4, 0x6_ff7d_f951_9483, 0x7_0f74_66f4_2e87,
    0x7_1f75_e8ec_5f73, 0x7_2f82_86ea_d089, 0x7_3f9a_48a5_8173, 0x7_4fbd_35d7_cbfd,
    0x7_5feb_5642_67c8, 0x7_7024_b1ab_6e09, 0x7_8069_4fde_5d3f, 0x7_90b9_38ac_1cf6,
    0x7_a114_73eb_0186, 0x7_b17b_0976_cfda, 0x7_c1ed_0130_c132, 0x7_d26a_62ff_86f0,
    0x7_e2f3_36cf_4e62, 0x7_f387_8491_c490, 0x8_0427_543e_1a11, 0x8_14d2_add1_06d9,
    0x8_2589_994c_ce12, 0x8_364c_1eb9_41f7, 0x8_471a_4623_c7ac, 0x8_57f4_179f_5b20,
    0x8_68d9_9b44_92ec, 0x8_79ca_d931_a436, 0x8_8ac7_d98a_6699, 0x8_9bd0_a478_580f,
    0x8_ace5_422a_a0db, 0x8_be05_bad6_1778, 0x8_cf32_16b5_448b, 0x8_e06a_5e08_66d8,
    0x8_f1ae_9915_7736, 0x9_02fe_d028_2c8a, 0x9_145b_0b91_ffc5, 0x9_25c3_53aa_2fe1,
    0x9_3737_b0cd_c5e4, 0x9_48b8_2b5f_98e4, 0x9_5a44_cbc8_520e, 0x9_6bdd_9a76_70b2,
    0x9_7d82_9fde_4e4f, 0x9_8f33_e47a_22a2, 0x9_a0f1_70ca_07b9, 0x9_b2bb_4d53_fe0c,
    0x9_c491_82a3_f090, 0x9_d674_194b_b8d4, 0x9_e863_19e3_2323, 0x9_fa5e_8d07_f29d,
    0xa_0c66_7b5d_e564, 0xa_1e7a_ed8e_b8bb, 0xa_309b_ec4a_2d33, 0xa_42c9_8046_0ad7,
    0xa_5503_b23e_255c, 0xa_674a_8af4_6052, 0xa_799e_1330_b358, 0xa_8bfe_53c1_2e58,
    0xa_9e6b_5579_fdbf, 0xa_b0e5_2135_6eba, 0xa_c36b_bfd3_f379, 0xa_d5ff_3a3c_2774,
    0xa_e89f_995a_d3ad, 0xa_fb4c_e622_f2fe, 0xb_0e07_298d_b665, 0xb_20ce_6c9a_8952,
    0xb_33a2_b84f_15fa, 0xb_4684_15b7_49b0, 0xb_5972_8de5_5939, 0xb_6c6e_29f1_c52a,
    0xb_7f76_f2fb_5e46, 0xb_928c_f227_49e3, 0xb_a5b0_30a1_0649, 0xb_b8e0_b79a_6f1e,
    0xb_cc1e_904b_c1d2, 0xb_df69_c3f3_a206, 0xb_f2c2_5bd7_1e08, 0xc_0628_6141_b33c,
    0xc_199b_dd85_529c, 0xc_2d1c_d9fa_652b, 0xc_40ab_5fff_d07a, 0xc_5447_78fa_fb22,
    0xc_67f1_2e57_d14b, 0xc_7ba8_8988_c932, 0xc_8f6d_9406_e7b5, 0xc_a340_5751_c4da,
    0xc_b720_dcef_9069, 0xc_cb0f_2e6d_1674, 0xc_df0b_555d_c3f9, 0xc_f315_5b5b_ab73,
    0xd_072d_4a07_897b, 0xd_1b53_2b08_c968, 0xd_2f87_080d_89f1, 0xd_43c8_eaca_a1d6,
    0xd_5818_dcfb_a487, 0xd_6c76_e862_e6d3, 0xd_80e3_16c9_8397, 0xd_955d_71ff_6075,
    0xd_a9e6_03db_3285, 0xd_be7c_d63a_8314, 0xd_d321_f301_b460, 0xd_e7d5_641c_0657,
    0xd_fc97_337b_9b5e, 0xe_1167_6b19_7d16, 0xe_2646_14f5_a128, 0xe_3b33_3b16_ee11,
    0xe_502e_e78b_3ff6, 0xe_6539_2467_6d75, 0xe_7a51_fbc7_4c83, 0xe_8f79_77cd_b73f,
    0xe_a4af_a2a4_90d9, 0xe_b9f4_867c_ca6e, 0xe_cf48_2d8e_67f0, 0xe_e4aa_a218_8510,
    0xe_fa1b_ee61_5a27, 0xf_0f9c_1cb6_4129, 0xf_252b_376b_ba97, 0xf_3ac9_48dd_7273,
    0xf_5076_5b6e_4540, 0xf_6632_7988_44f8, 0xf_7bfd_ad9c_be13, 0xf_91d8_0224_3c88,
    0xf_a7c1_819e_90d8, 0xf_bdba_3692_d513, 0xf_d3c2_2b8f_71f1, 0xf_e9d9_6b2a_23d9,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The product of two numbers, which are given as `u32` limbs, the least significant first.
    fn times(a: &[u32], b: &[u32]) -> Vec<u32> {
        let mut product = vec![0_u32; a.len() + b.len()];
        for (at, x) in a.iter().enumerate() {
            let mut carry = 0_u64;
            for (place, y) in product[at..].iter_mut().zip(b.iter().chain(&[0])) {
                carry += u64::from(*place) + u64::from(*x) * u64::from(*y);
                *place = carry as u32;
                carry >>= 32;
            }
        }
        while product.last() == Some(&0) {
            product.pop();
        }
        product
    }

    /// Whether the mantissa, as a number from 1 to 2, is at most `2^(k/256)`. Compares the 256th
    /// power with `2^k`.
    fn is_at_most(mantissa: u64, k: usize) -> bool {
        let mantissa = (1 << BITS) + mantissa;
        let mut power = vec![mantissa as u32, (mantissa >> 32) as u32];
        for _ in 0..8 {
            power = times(&power, &power);
        }
        let log = (power.len() - 1) * 32 + power[power.len() - 1].ilog2() as usize;
        let exact = BITS as usize * 256 + k;
        let is_power_of_two = power.iter().map(|limb| limb.count_ones()).sum::<u32>() == 1;
        log < exact || (log == exact && is_power_of_two)
    }

    #[test]
    fn each_bound_is_the_largest_float_at_most_the_root_of_two() {
        for (k, bound) in BOUNDS.iter().enumerate() {
            assert!(is_at_most(*bound, k), "{k}");
            assert!(!is_at_most(bound + 1, k), "{k}");
        }
    }

    /// The index by its definition: counts the bounds between a power of two and the value.
    fn naive(value: f64, schema: i8) -> i64 {
        // Finds the exponent by comparison with powers of two, which are all exact.
        let mut exponent = -1074_i64;
        let mut power = f64::from_bits(1);
        while power < value && exponent < 1023 {
            power *= 2.0;
            exponent += 1;
        }
        if power < value {
            exponent += 1;
        }
        // Now `value` is at most `2^exponent` and above `2^(exponent - 1)`.
        if schema <= 0 {
            return -(-exponent).div_euclid(1 << -schema);
        }
        // Scales the value, in exact steps, to a number from 1 to 2.
        let mut scaled = value;
        let mut down = exponent - 1;
        while down > 0 {
            scaled /= 2.0;
            down -= 1;
        }
        while down < 0 {
            scaled *= 2.0;
            down += 1;
        }
        let mantissa = if scaled >= 2.0 {
            1 << BITS
        } else {
            scaled.to_bits() & MANTISSA
        };
        let bounds = 1_i64 << schema;
        let below = (0..bounds).filter(|k| BOUNDS[(k << (FINEST - schema)) as usize] < mantissa);
        ((exponent - 1) << schema) + below.count() as i64
    }

    #[track_caller]
    fn assert_index(value: f64, schema: i8) {
        let by = (FINEST - schema) as u32;
        let index = coarser(finest(value.to_bits()), by);
        assert_eq!(index, naive(value, schema), "{value:e} in schema {schema}");
    }

    #[test]
    fn values_at_and_around_every_bound_get_the_index_of_the_definition() {
        let exponents = [
            -1074, -1073, -1023, -1022, -1021, -128, -1, 0, 1, 100, 1022, 1023,
        ];
        for exponent in exponents {
            for k in 0..256 {
                let bound = upper((exponent << FINEST) + k, 0);
                for value in [bound.next_down(), bound, bound.next_up()] {
                    if value > 0.0 && value.is_finite() {
                        for schema in COARSEST..=FINEST {
                            assert_index(value, schema);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn values_from_everywhere_get_the_index_of_the_definition() {
        let mut bits = 1_u64;
        for round in 0..if cfg!(miri) { 50 } else { 5_000 } {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // Every other value is subnormal.
            let value = f64::from_bits(bits >> (1 + round % 2 * 11));
            if value > 0.0 && value.is_finite() {
                assert_index(value, (round % 13 - 4) as i8);
            }
        }
    }

    #[test]
    fn extremes_and_powers_of_two_have_the_known_indices() {
        for (value, schema, index) in [
            (1.0, 8, 0),
            (1.0, -4, 0),
            (f64::MAX, 8, 262_144),
            (f64::MAX, 0, 1024),
            (f64::MAX, -4, 64),
            (f64::from_bits(1), 8, -274_944),
            (f64::from_bits(1), -4, -67),
            (2.0, 3, 8),
            (0.5, 3, -8),
            (1.000_000_1, 3, 1),
            (65_536.0, -4, 1),
            (65_537.0, -4, 2),
        ] {
            let by = (FINEST - schema) as u32;
            let found: i64 = coarser(finest(f64::to_bits(value)), by);
            assert_eq!(found, index, "{value:e} in schema {schema}");
        }
    }

    #[test]
    fn the_upper_bound_of_a_bucket_is_the_largest_value_in_it() {
        for by in 0..=12 {
            for index in (-274_944_i64 >> by)..=(262_144 >> by) {
                // Tests all buckets of the coarser schemas, and some of the finer ones.
                if by > 5 || index % 97 == 0 {
                    let bound = upper(index, by);
                    // The exceptions are buckets of subnormal values in which no float lies.
                    if bound > 0.0 && coarser(finest(bound.to_bits()), by) == index {
                        let next = bound.next_up();
                        assert!(next.is_infinite() || coarser(finest(next.to_bits()), by) > index);
                    } else {
                        assert!(bound < f64::MIN_POSITIVE, "{index}, {by}");
                    }
                }
            }
        }
    }

    /// Checks the table of the specification, section "Instrumentation libraries", and two factors
    /// that it does not contain.
    #[test]
    fn growth_factors_give_the_schemas_of_the_specification() {
        let table = [
            (65_536.0, -4),
            (256.0, -3),
            (16.0, -2),
            (4.0, -1),
            (2.0, 0),
            (1.5, 1),
            (1.2, 2),
            (1.1, 3),
            (1.05, 4),
            (1.03, 5),
            (1.02, 6),
            (1.01, 7),
            (1.005, 8),
            (1.000_1, 8),
            (1e9, -4),
        ];
        for (growth, expected) in table {
            assert_eq!(schema(growth), expected, "{growth}");
        }
    }
}
