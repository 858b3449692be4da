; The elementary operations as integer operations: sections 2.2, 3, 6, 7 and 9.1 of docs/specification.md,
; written from that page alone. An encoding is its sign and its magnitude; a policy is a pair of
; truth values, gradual (else flush) and saturate (else infinity); c is the compensation. Every
; integer is unbounded, so nothing wraps. A format of formats/ goes in front of this file.

; --- Encodings (2.1, 2.2)

(declare-datatype Encoding ((encoding (negative Bool) (mag Int))))
(define-fun is_encoding ((x Encoding)) Bool
  (and (<= 0 (mag x)) (< (mag x) SIGN) (= (mod (mag x) UNIT) 0)))
(define-fun bits ((x Encoding)) Int (+ (mag x) (ite (negative x) SIGN 0)))
(define-fun negated ((x Encoding)) Encoding (encoding (not (negative x)) (mag x)))
(define-fun nan () Encoding (encoding false NAN))
(define-fun one () Encoding (encoding false ONE))
(define-fun is_nan ((x Encoding)) Bool (> (mag x) (ite HAS_INFINITIES INFINITY MAX)))
(define-fun is_infinite ((x Encoding)) Bool (and HAS_INFINITIES (= (mag x) INFINITY)))
(define-fun is_finite ((x Encoding)) Bool (<= (mag x) MAX))
(define-fun is_normal ((x Encoding)) Bool (and (<= MIN (mag x)) (<= (mag x) MAX)))
; Under flush a subnormal is a zero (3).
(define-fun is_zero ((gradual Bool) (x Encoding)) Bool (< (mag x) (ite gradual 1 MIN)))

; --- Policies (3)

(define-fun is_compensation ((c Int)) Bool (and (<= 0 c) (<= c MIN)))
(define-fun overflow ((saturate Bool) (sign Bool)) Encoding
  (ite saturate (encoding sign MAX) (ite HAS_INFINITIES (encoding sign INFINITY) nan)))
(define-fun asked_infinity ((saturate Bool) (sign Bool)) Encoding
  (ite HAS_INFINITIES (encoding sign INFINITY) (ite saturate (encoding sign MAX) nan)))

; --- Extended magnitude (6.1): M(x), with s places for a subnormal

(define-fun M ((x Encoding)) Int
  (let ((m (mag x)))
    (ite (<= MIN m) m
    (ite (<= MIN (* 2 m)) (- (* 2 m) (* 1 MIN))
    (ite (<= MIN (* 4 m)) (- (* 4 m) (* 2 MIN))
    (ite (<= MIN (* 8 m)) (- (* 8 m) (* 3 MIN))
    (ite (<= MIN (* 16 m)) (- (* 16 m) (* 4 MIN))
    (ite (<= MIN (* 32 m)) (- (* 32 m) (* 5 MIN))
    (ite (<= MIN (* 64 m)) (- (* 64 m) (* 6 MIN))
    (ite (<= MIN (* 128 m)) (- (* 128 m) (* 7 MIN))
    (ite (<= MIN (* 256 m)) (- (* 256 m) (* 8 MIN))
    (ite (<= MIN (* 512 m)) (- (* 512 m) (* 9 MIN))
    (ite (<= MIN (* 1024 m)) (- (* 1024 m) (* 10 MIN))
    (ite (<= MIN (* 2048 m)) (- (* 2048 m) (* 11 MIN))
    (ite (<= MIN (* 4096 m)) (- (* 4096 m) (* 12 MIN))
    (ite (<= MIN (* 8192 m)) (- (* 8192 m) (* 13 MIN))
    (ite (<= MIN (* 16384 m)) (- (* 16384 m) (* 14 MIN))
    (ite (<= MIN (* 32768 m)) (- (* 32768 m) (* 15 MIN))
    (ite (<= MIN (* 65536 m)) (- (* 65536 m) (* 16 MIN))
    (ite (<= MIN (* 131072 m)) (- (* 131072 m) (* 17 MIN))
    (ite (<= MIN (* 262144 m)) (- (* 262144 m) (* 18 MIN))
    (ite (<= MIN (* 524288 m)) (- (* 524288 m) (* 19 MIN))
    (ite (<= MIN (* 1048576 m)) (- (* 1048576 m) (* 20 MIN))
    (ite (<= MIN (* 2097152 m)) (- (* 2097152 m) (* 21 MIN))
    (ite (<= MIN (* 4194304 m)) (- (* 4194304 m) (* 22 MIN))
    (- (* 8388608 m) (* 23 MIN)))))))))))))))))))))))))))
(define-fun E ((x Encoding)) Int (- (div (M x) MIN) BIAS))
(define-fun field ((x Encoding)) Int (mod (M x) MIN)) ; F_x in units of 1 / MIN

; --- From r to an encoding (6.3)

; n / d to the nearest integer, ties to even.
(define-fun rounded ((n Int) (d Int)) Int
  (let ((q (div n d)) (rest (* 2 (mod n d))))
    (ite (or (> rest d) (and (= rest d) (= (mod q 2) 1))) (+ q 1) q)))

; Under gradual, r < MIN: the significand g = MIN + (r mod MIN) is shifted right by 1 - e places,
; e = floor(r / MIN). From N + 2 places on nothing is left.
(define-fun subnormal ((r Int)) Int
  (let ((g (+ MIN (mod r MIN))))
    (* UNIT
    (ite (>= r 0) (rounded g (* 2 UNIT))
    (ite (>= r (- MIN)) (rounded g (* 4 UNIT))
    (ite (>= r (* (- 2) MIN)) (rounded g (* 8 UNIT))
    (ite (>= r (* (- 3) MIN)) (rounded g (* 16 UNIT))
    (ite (>= r (* (- 4) MIN)) (rounded g (* 32 UNIT))
    (ite (>= r (* (- 5) MIN)) (rounded g (* 64 UNIT))
    (ite (>= r (* (- 6) MIN)) (rounded g (* 128 UNIT))
    (ite (>= r (* (- 7) MIN)) (rounded g (* 256 UNIT))
    (ite (>= r (* (- 8) MIN)) (rounded g (* 512 UNIT))
    (ite (>= r (* (- 9) MIN)) (rounded g (* 1024 UNIT))
    (ite (>= r (* (- 10) MIN)) (rounded g (* 2048 UNIT))
    (ite (>= r (* (- 11) MIN)) (rounded g (* 4096 UNIT))
    (ite (>= r (* (- 12) MIN)) (rounded g (* 8192 UNIT))
    (ite (>= r (* (- 13) MIN)) (rounded g (* 16384 UNIT))
    (ite (>= r (* (- 14) MIN)) (rounded g (* 32768 UNIT))
    (ite (>= r (* (- 15) MIN)) (rounded g (* 65536 UNIT))
    (ite (>= r (* (- 16) MIN)) (rounded g (* 131072 UNIT))
    (ite (>= r (* (- 17) MIN)) (rounded g (* 262144 UNIT))
    (ite (>= r (* (- 18) MIN)) (rounded g (* 524288 UNIT))
    (ite (>= r (* (- 19) MIN)) (rounded g (* 1048576 UNIT))
    (ite (>= r (* (- 20) MIN)) (rounded g (* 2097152 UNIT))
    (ite (>= r (* (- 21) MIN)) (rounded g (* 4194304 UNIT))
    (ite (>= r (* (- 22) MIN)) (rounded g (* 8388608 UNIT))
    (ite (>= r (* (- 23) MIN)) (rounded g (* 16777216 UNIT))
    0)))))))))))))))))))))))))))

(define-fun encoded ((gradual Bool) (saturate Bool) (sign Bool) (r Int)) Encoding
  (ite (and gradual (< r MIN))
    (encoding sign (subnormal r))
    (let ((q (* UNIT (rounded r UNIT))))
      (ite (< q MIN) (encoding sign 0)
      (ite (> q MAX) (overflow saturate sign)
      (encoding sign q))))))

; Whether r lies in the normal range: it is then encoded as it is, but for its last rounding.
(define-fun in_range ((r Int)) Bool (and (<= MIN r) (<= r MAX)))

; --- Product and quotient (6.2, 7)

(define-fun product_sum ((c Int) (a Encoding) (b Encoding)) Int (+ (M a) (M b) (- ONE) c))
(define-fun quotient_sum ((c Int) (a Encoding) (b Encoding)) Int (+ (M a) (- (M b)) ONE (- c)))

(define-fun pam ((gradual Bool) (saturate Bool) (c Int) (a Encoding) (b Encoding)) Encoding
  (let ((sign (xor (negative a) (negative b)))
        (infinite (or (is_infinite a) (is_infinite b)))
        (zero (or (is_zero gradual a) (is_zero gradual b))))
    (ite (or (is_nan a) (is_nan b)) nan
    (ite (and infinite zero) nan
    (ite infinite (asked_infinity saturate sign)
    (ite zero (encoding sign 0)
    (encoded gradual saturate sign (product_sum c a b))))))))

(define-fun pad ((gradual Bool) (saturate Bool) (c Int) (a Encoding) (b Encoding)) Encoding
  (let ((sign (xor (negative a) (negative b)))
        (a_zero (is_zero gradual a))
        (b_zero (is_zero gradual b)))
    (ite (or (is_nan a) (is_nan b)) nan
    (ite (or (and a_zero b_zero) (and (is_infinite a) (is_infinite b))) nan
    (ite (or (is_infinite a) b_zero) (asked_infinity saturate sign)
    (ite (or a_zero (is_infinite b)) (encoding sign 0)
    (encoded gradual saturate sign (quotient_sum c a b))))))))

; --- Slope of the product (9.1). A slope is a power of two, so its r is a multiple of MIN.

(define-fun field_or_0 ((gradual Bool) (x Encoding)) Int
  (ite (or (is_zero gradual x) (is_infinite x)) 0 (field x)))

(define-fun mul_da ((gradual Bool) (saturate Bool) (c Int) (a Encoding) (b Encoding)) Encoding
  (let ((carry (div (+ (field_or_0 gradual a) (field_or_0 gradual b) c) MIN)))
    (ite (or (is_nan a) (is_nan b)) nan
    (ite (is_zero gradual b) (encoding (negative b) 0)
    (ite (is_infinite b) (asked_infinity saturate (negative b))
    (encoded gradual saturate (negative b) (* MIN (+ (E b) carry BIAS))))))))
