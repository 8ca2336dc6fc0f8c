;; c += a @ b, a tile of 3 rows and 12 columns, with relaxed SIMD's fused multiply-add.
;;
;; Nine accumulators, three vectors of b and one number of a are what the 16 vector registers of x86 hold.
;; Measured in Chromium: 3 by 12 reaches 45 GFLOPS within the first-level cache, 2 by 16 43, 4 by 8 37, and
;; 6 by 8, whose accumulators spill, 24. By hand, not from Rust: a module that shares another's memory may
;; have neither a stack nor data of its own there.
(module
  (import "engine" "memory" (memory 1))
  (func (export "tile")
    (param $a i32)      ;; f32 [depth, 3], packed
    (param $b i32)      ;; f32 [depth, 12], packed
    (param $depth i32)  ;; at least 1
    (param $c i32)      ;; f32, 3 rows of 12
    (param $stride i32) ;; bytes from a row of c to the next
    (local $end i32) (local $c1 i32) (local $c2 i32)
    (local $x v128)
    (local $b0 v128) (local $b1 v128) (local $b2 v128)
    (local $c00 v128) (local $c01 v128) (local $c02 v128)
    (local $c10 v128) (local $c11 v128) (local $c12 v128)
    (local $c20 v128) (local $c21 v128) (local $c22 v128)

    (local.set $end (i32.add (local.get $a) (i32.mul (local.get $depth) (i32.const 12))))
    (loop $next
      (local.set $b0 (v128.load (local.get $b)))
      (local.set $b1 (v128.load offset=16 (local.get $b)))
      (local.set $b2 (v128.load offset=32 (local.get $b)))

      (local.set $x (v128.load32_splat (local.get $a)))
      (local.set $c00 (f32x4.relaxed_madd (local.get $x) (local.get $b0) (local.get $c00)))
      (local.set $c01 (f32x4.relaxed_madd (local.get $x) (local.get $b1) (local.get $c01)))
      (local.set $c02 (f32x4.relaxed_madd (local.get $x) (local.get $b2) (local.get $c02)))

      (local.set $x (v128.load32_splat offset=4 (local.get $a)))
      (local.set $c10 (f32x4.relaxed_madd (local.get $x) (local.get $b0) (local.get $c10)))
      (local.set $c11 (f32x4.relaxed_madd (local.get $x) (local.get $b1) (local.get $c11)))
      (local.set $c12 (f32x4.relaxed_madd (local.get $x) (local.get $b2) (local.get $c12)))

      (local.set $x (v128.load32_splat offset=8 (local.get $a)))
      (local.set $c20 (f32x4.relaxed_madd (local.get $x) (local.get $b0) (local.get $c20)))
      (local.set $c21 (f32x4.relaxed_madd (local.get $x) (local.get $b1) (local.get $c21)))
      (local.set $c22 (f32x4.relaxed_madd (local.get $x) (local.get $b2) (local.get $c22)))

      (local.set $b (i32.add (local.get $b) (i32.const 48)))
      (local.set $a (i32.add (local.get $a) (i32.const 12)))
      (br_if $next (i32.ne (local.get $a) (local.get $end))))

    (local.set $c1 (i32.add (local.get $c) (local.get $stride)))
    (local.set $c2 (i32.add (local.get $c1) (local.get $stride)))
    (v128.store (local.get $c) (f32x4.add (local.get $c00) (v128.load (local.get $c))))
    (v128.store offset=16 (local.get $c) (f32x4.add (local.get $c01) (v128.load offset=16 (local.get $c))))
    (v128.store offset=32 (local.get $c) (f32x4.add (local.get $c02) (v128.load offset=32 (local.get $c))))
    (v128.store (local.get $c1) (f32x4.add (local.get $c10) (v128.load (local.get $c1))))
    (v128.store offset=16 (local.get $c1) (f32x4.add (local.get $c11) (v128.load offset=16 (local.get $c1))))
    (v128.store offset=32 (local.get $c1) (f32x4.add (local.get $c12) (v128.load offset=32 (local.get $c1))))
    (v128.store (local.get $c2) (f32x4.add (local.get $c20) (v128.load (local.get $c2))))
    (v128.store offset=16 (local.get $c2) (f32x4.add (local.get $c21) (v128.load offset=16 (local.get $c2))))
    (v128.store offset=32 (local.get $c2) (f32x4.add (local.get $c22) (v128.load offset=32 (local.get $c2)))))
)
