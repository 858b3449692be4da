; property: P15
; operation: mul
; statement: a . b = d . b implies a = d
; domain: normal operands, results in range, every policy
; mutant: d . b may leave the range
; expected: precondition sat, statement unsat, mutant sat

(declare-const gradual Bool)
(declare-const saturate Bool)
(declare-const a Encoding)
(declare-const d Encoding)
(declare-const b Encoding)
(assert (and (is_encoding a) (is_encoding d) (is_encoding b)))
(assert (and (is_normal a) (is_normal d) (is_normal b)))
(define-fun mul ((x Encoding) (y Encoding)) Encoding (pam gradual saturate 0 x y))
(assert (in_range (product_sum 0 a b)))

(echo "precondition")
(check-sat)

(push 1)
(assert (in_range (product_sum 0 d b)))
(assert (and (= (mul a b) (mul d b)) (not (= a d))))
(echo "statement")
(check-sat)
(pop 1)

(push 1)
(assert (and (= (mul a b) (mul d b)) (not (= a d))))
(echo "mutant")
(check-sat)
(pop 1)
