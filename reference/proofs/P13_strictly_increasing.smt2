; property: P13
; operation: mul
; statement: abs(a . b) increases strictly with abs(a)
; domain: normal operands, results in range, every policy
; mutant: the results may be clamped
; expected: precondition sat, statement unsat, mutant sat

(declare-const gradual Bool)
(declare-const saturate Bool)
(declare-const a Encoding)
(declare-const a_more Encoding)
(declare-const b Encoding)
(assert (and (is_encoding a) (is_encoding a_more) (is_encoding b)))
(assert (and (is_normal a) (is_normal a_more) (is_normal b)))
(define-fun mul ((x Encoding) (y Encoding)) Encoding (pam gradual saturate 0 x y))
(assert (< (mag a) (mag a_more)))
(assert (in_range (product_sum 0 a b)))

(echo "precondition")
(check-sat)

(push 1)
(assert (in_range (product_sum 0 a_more b)))
(assert (not (< (mag (mul a b)) (mag (mul a_more b)))))
(echo "statement")
(check-sat)
(pop 1)

(push 1)
(assert (not (< (mag (mul a b)) (mag (mul a_more b)))))
(echo "mutant")
(check-sat)
(pop 1)
