; property: P19
; operation: mul
; statement: one unit more in abs(a) is one more in the result's encoding
; domain: normal operands, results in range, every policy
; mutant: the result may overflow
; expected: precondition sat, statement unsat, mutant sat

(declare-const gradual Bool)
(declare-const saturate Bool)
(declare-const a Encoding)
(declare-const b Encoding)
(assert (and (is_encoding a) (is_encoding b)))
(assert (and (is_normal a) (is_normal b)))
(define-fun mul ((x Encoding) (y Encoding)) Encoding (pam gradual saturate 0 x y))
(define-fun next () Encoding (encoding (negative a) (+ (mag a) UNIT)))
(assert (is_normal next))
(assert (in_range (product_sum 0 a b)))

(echo "precondition")
(check-sat)

(push 1)
(assert (in_range (product_sum 0 next b)))
(assert (not (= (mul next b) (encoding (negative (mul a b)) (+ (mag (mul a b)) UNIT)))))
(echo "statement")
(check-sat)
(pop 1)

(push 1)
(assert (not (= (mul next b) (encoding (negative (mul a b)) (+ (mag (mul a b)) UNIT)))))
(echo "mutant")
(check-sat)
(pop 1)
