; property: P7
; operation: mul
; statement: (-a) . b = -(a . b) unless it is NaN
; domain: all operands, every policy and compensation
; mutant: NaN counts too
; expected: precondition sat, statement unsat, mutant sat

(declare-const gradual Bool)
(declare-const saturate Bool)
(declare-const c Int)
(assert (is_compensation c))
(declare-const a Encoding)
(declare-const b Encoding)
(assert (and (is_encoding a) (is_encoding b)))
(define-fun mul ((x Encoding) (y Encoding)) Encoding (pam gradual saturate c x y))

(echo "precondition")
(check-sat)

(push 1)
(assert (not (ite (is_nan (mul a b))
  (= (mul (negated a) b) nan)
  (= (mul (negated a) b) (negated (mul a b))))))
(echo "statement")
(check-sat)
(pop 1)

(push 1)
(assert (not (= (mul (negated a) b) (negated (mul a b)))))
(echo "mutant")
(check-sat)
(pop 1)
