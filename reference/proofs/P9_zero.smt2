; property: P9
; operation: mul
; statement: 0 . b and b . 0 are zeros, signed by xor
; domain: a zero (under flush subnormal operands are zeros), b finite, every policy and compensation
; mutant: b may be infinite or NaN
; expected: precondition sat, statement unsat, mutant sat

(declare-const gradual Bool)
(declare-const saturate Bool)
(declare-const c Int)
(assert (is_compensation c))
(declare-const a Encoding)
(declare-const b Encoding)
(assert (and (is_encoding a) (is_encoding b)))
(define-fun mul ((x Encoding) (y Encoding)) Encoding (pam gradual saturate c x y))
(assert (is_zero gradual a))
(define-fun signed_zero () Encoding (encoding (xor (negative a) (negative b)) 0))

(echo "precondition")
(check-sat)

(push 1)
(assert (is_finite b))
(assert (not (and (= (mul a b) signed_zero) (= (mul b a) signed_zero))))
(echo "statement")
(check-sat)
(pop 1)

(push 1)
(assert (not (and (= (mul a b) signed_zero) (= (mul b a) signed_zero))))
(echo "mutant")
(check-sat)
(pop 1)
