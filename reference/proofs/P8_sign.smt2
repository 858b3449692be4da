; property: P8
; operation: mul
; statement: the sign of a product is the xor of the signs, for zeros too
; domain: all operands, result not NaN, every policy and compensation
; mutant: a zero is always positive
; expected: precondition sat, statement unsat, mutant sat

(declare-const gradual Bool)
(declare-const saturate Bool)
(declare-const c Int)
(assert (is_compensation c))
(declare-const a Encoding)
(declare-const b Encoding)
(assert (and (is_encoding a) (is_encoding b)))
(define-fun mul ((x Encoding) (y Encoding)) Encoding (pam gradual saturate c x y))
(assert (not (is_nan (mul a b))))

(echo "precondition")
(check-sat)

(push 1)
(assert (not (= (negative (mul a b)) (xor (negative a) (negative b)))))
(echo "statement")
(check-sat)
(pop 1)

(push 1)
(define-fun faulty () Encoding (ite (= (mag (mul a b)) 0) (encoding false 0) (mul a b)))
(assert (not (= (negative faulty) (xor (negative a) (negative b)))))
(echo "mutant")
(check-sat)
(pop 1)
